#include "diagnose/ledger.h"

#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

using Strays = std::vector<std::vector<Stray>>;

Strays strays(const Trace& candidate) {
    static const Yardstick yardstick = yardstick_of(matrix().reference());
    return strays_of(yardstick, candidate, align(yardstick, candidate));
}

/// 2x2x2 over windows of 8 samples would not fit; 4x2x2: rank 0 has samples 0..3 and 8..11 of a window.
Trace candidate() {
    return matrix().candidate({4, 2, 2});
}

std::vector<std::string>& samples(Trace& trace, std::size_t rank, std::size_t step, std::size_t micro) {
    return trace.ranks[rank][step].micros[micro].samples;
}

TEST(Ledger, ARightTrialHasNoStray) {
    EXPECT_TRUE(strays(candidate()).empty());
}

TEST(Ledger, TheFirstEpochAgainIsKnownByItsSamples) {
    Trace again = candidate();
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t rank = 0; rank < 2; ++rank)
            for (std::size_t m = 0; m < again.ranks[rank][k].micros.size(); ++m)
                samples(again, rank, k + 3, m) = samples(again, rank, k, m);
    EXPECT_EQ(strays(again), Strays(3, {Stray::first_epoch}));
}

TEST(Ledger, AfterARestartTheFirstEpochAgainIsSomethingElse) {
    Trace again = candidate();
    for (std::size_t rank = 0; rank < 2; ++rank) {
        again.ranks[rank][3].events.emplace_back("restart");
        for (std::size_t k = 1; k < 3; ++k)
            for (std::size_t m = 0; m < again.ranks[rank][k].micros.size(); ++m)
                samples(again, rank, k + 3, m) = samples(again, rank, k, m);
    }
    EXPECT_EQ(strays(again), Strays(2, {Stray::first_again}));
}

/// 4x2x2 takes 8 samples a micro of both ranks; the window after the restart begins 8 samples late in the epoch.
TEST(Ledger, SkippedAnewIsWhatFollowsAMicroForEachUpdate) {
    Trace skipped = candidate();
    std::vector<std::string> order;  // of the first epoch
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t m = 0; m < skipped.ranks[0][k].micros.size(); ++m)
            for (std::size_t rank = 0; rank < 2; ++rank)
                if (m < skipped.ranks[rank][k].micros.size())
                    for (const std::string& sample : samples(skipped, rank, k, m)) order.push_back(sample);
    const auto hold = [&](std::size_t k, std::size_t begin) {
        for (std::size_t m = 0; m < 2; ++m)
            for (std::size_t rank = 0; rank < 2; ++rank, begin += 4)
                samples(skipped, rank, k, m)
                    .assign(order.begin() + static_cast<std::ptrdiff_t>(begin),
                            order.begin() + static_cast<std::ptrdiff_t>(begin + 4));
    };
    hold(1, 8);
    EXPECT_EQ(strays(skipped), (Strays{{Stray::other}})) << "the run was not restarted";
    for (std::size_t rank = 0; rank < 2; ++rank) skipped.ranks[rank][0].events.emplace_back("restart");
    EXPECT_EQ(strays(skipped), (Strays{{Stray::skipped_anew}}));
    hold(1, 7);
    EXPECT_EQ(strays(skipped), (Strays{{Stray::other}}));
}

TEST(Ledger, APartOfAWindowIsNoWindow) {
    Trace cut = candidate();
    samples(cut, 0, 1, 1).pop_back();
    EXPECT_EQ(strays(cut), (Strays{{Stray::part}}));
    samples(cut, 0, 1, 1).push_back(samples(cut, 0, 1, 0)[0]);  // as many as before, one of them twice
    EXPECT_EQ(strays(cut), (Strays{{Stray::other}}));
}

TEST(Ledger, AWindowAndMoreIsPadded) {
    Trace padded = candidate();
    samples(padded, 1, 2, 0).push_back(samples(padded, 0, 0, 0)[0]);
    EXPECT_EQ(strays(padded), (Strays{{Stray::padded}}));
}

TEST(Ledger, ARepeatedMicroHoldsTheFirstOnesSamples) {
    Trace repeated = candidate();
    for (std::size_t rank = 0; rank < 2; ++rank) samples(repeated, rank, 0, 1) = samples(repeated, rank, 0, 0);
    EXPECT_EQ(strays(repeated), (Strays{{Stray::repeated_micro}}));
    repeated = candidate();  // on the second rank alone
    samples(repeated, 1, 0, 1) = samples(repeated, 1, 0, 0);
    EXPECT_EQ(strays(repeated), (Strays{{Stray::other_places}}));
}

TEST(Ledger, OtherSamplesOnTheFirstPlaceAreSomethingElse) {
    Trace other = candidate();
    std::swap(samples(other, 0, 0, 0)[0], samples(other, 0, 1, 0)[0]);
    EXPECT_EQ(strays(other), (Strays{{Stray::other}, {Stray::other}}));
    Trace places = candidate();
    std::swap(samples(places, 1, 0, 0)[0], samples(places, 1, 1, 0)[0]);
    EXPECT_EQ(strays(places), (Strays{{Stray::other_places}, {Stray::other_places}}));
}

TEST(Ledger, AStepMayBeSeveral) {
    Trace both = candidate();
    samples(both, 1, 3, 0)[0] = samples(both, 1, 4, 0)[0];
    EXPECT_EQ(strays(both), (Strays{{Stray::other_places}}));
    Yardstick yardstick = yardstick_of(matrix().reference());
    yardstick.windows[0].samples.clear();  // had the first epoch begun with the same ones
    for (std::size_t rank = 0; rank < 2; ++rank)
        for (const Micro& micro : both.ranks[rank][3].micros)
            yardstick.windows[0].samples.insert(yardstick.windows[0].samples.end(), micro.samples.begin(),
                                                micro.samples.end());
    EXPECT_EQ(strays_of(yardstick, both, align(yardstick, both)).back(),
              (std::vector<Stray>{Stray::first_epoch, Stray::other_places}));
}

TEST(Ledger, EveryStrangerHasOneAndNoOtherStepHas) {
    const Trace good = candidate();
    const Yardstick yardstick = yardstick_of(matrix().reference());
    Alignment alignment = align(yardstick, good);
    alignment.window[2] = alignment.window[4] = std::nullopt;  // an unfinished window is none, and no stranger either
    EXPECT_TRUE(strays_of(yardstick, good, alignment).empty());
    alignment.strangers = {4};
    EXPECT_EQ(strays_of(yardstick, good, alignment).size(), 1u);
    Trace early = good;
    early.ranks[0].resize(3);  // the other rank alone has the stranger
    EXPECT_EQ(strays_of(yardstick, early, alignment), (Strays{{Stray::other}}));
}

TEST(Ledger, TextReadsBackAndAnyOtherIsRefused) {
    for (const Stray stray : {Stray::first_epoch, Stray::first_again, Stray::skipped_anew, Stray::part, Stray::padded,
                              Stray::repeated_micro, Stray::other_places, Stray::other})
        EXPECT_EQ(parse_stray(to_string(stray)), stray);
    EXPECT_TRUE(says(error_of([] { parse_stray("\x1b"); }).problem(), "\\x1b"));
}

}  // namespace
}  // namespace isobatch
