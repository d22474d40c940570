#include "run/ranks.h"

#include <algorithm>
#include <thread>

#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "diagnose/examine.h"
#include "judge/compare.h"
#include "plan/exchange.h"
#include "plan/fault.h"
#include "run/matrix.h"
#include "side_by_side.h"
#include "small_trial.h"
#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {

namespace {

/// References on disk, one a case, optimizer and recipe, and two ranks that can be asked for trials which follow one.
class TwoRanks : public ::testing::Test {
protected:
    Trial trial = [] {
        Trial made = small_trial({2, 2, 2});
        made.seed = 2;  // of micros that hold rows of two lengths, and one that holds nothing scored
        made.engine = "gloo";
        return made;
    }();
    TemporaryDirectory directory;
    Ranks first{plant}, second{plant};
    std::filesystem::path reference;

    TwoRanks() {
        allow_ranks_as_threads();
        follow(trial);
    }

    /// From now on, what has this trial's case, optimizer and recipe.
    void follow(const Trial& wanted) {
        reference =
            directory / ("reference-" + wanted.subject + wanted.optimizer + to_string(wanted.recipe) + ".trace");
        Trial own = trial;
        own.subject = wanted.subject;
        own.optimizer = wanted.optimizer;
        own.recipe = wanted.recipe;
        if (!std::filesystem::exists(reference)) Matrix(plant, {}).write_reference(own, reference, true);
    }

    Trace run(const Trial& wanted, const std::string& name) {
        const auto job = [&](int rank) {
            return Job{wanted, rank, directory / name, reference, directory / (name + ".meeting"), 30};
        };
        std::string other;
        std::jthread beside([&] { other = second.run(second.plan(job(1)), job(1)); });
        const std::string own = first.run(first.plan(job(0)), job(0));
        beside.join();
        finish_trace(directory / name, {own, other});
        return read_trace(directory / name);
    }

    Record judged(const Trace& trace) { return Examiner(yardstick_of(read_trace(reference))).examine(trace, ""); }
};

}  // namespace

TEST_F(TwoRanks, WriteATraceThatIsJudgedLikeAnyOther) {
    const Trace trace = run(trial, "a.trace");
    EXPECT_EQ(trace.ranks.size(), 2U);
    const Record record = judged(trace);
    EXPECT_EQ(record.verdict.outcome, Outcome::equivalent);
    EXPECT_EQ(record.traffic.exchanges, 1);
}

/// Each fault turns the checks red that its entry names, where ranks are processes too, and is named by what is left.
TEST_F(TwoRanks, FaultsAreFoundOnEveryExchange) {
    for (const char* engine : {"gloo", "gloo:flat", "gloo:bucket=64:view"})
        for (const FaultEntry& entry : faults_on("cpu")) {
            Trial faulty = suited(trial, entry);
            faulty.engine = engine;
            faulty.fault = entry.id;
            follow(faulty);
            SCOPED_TRACE(std::string(engine) + " " + entry.id);
            if (entry.cause == Cause::wrong_group_divisor) continue;  // matters where a place has copies, so four ranks
            if (!entry.certain) continue;                             // and what may not matter, nobody knows where
            const bool waits = entry.cause == Cause::scaled_before_wait || entry.cause == Cause::two_level_order;
            if (waits && !parse_exchange(engine).flat) {
                EXPECT_TRUE(says(error_of([&] { first.plan({.trial = faulty, .rank = 0}); }).problem(), "DDP waits"));
                continue;
            }
            if (entry.cause == Cause::log_local_norm && parse_exchange(engine).in_buckets()) {
                EXPECT_TRUE(says(error_of([&] { first.plan({.trial = faulty, .rank = 0}); }).problem(), "DDP reduces"));
                continue;
            }
            const Record record = judged(run(faulty, "faulty.trace"));
            for (const Check check : entry.red)
                EXPECT_EQ(result_of(record.verdict, check).outcome, Outcome::divergent) << to_string(check);
            const std::vector<Check> green = green_checks(entry);
            for (const CheckResult& result : record.verdict.checks)
                EXPECT_TRUE(std::find(green.begin(), green.end(), result.check) == green.end() ||
                            result.outcome <= Outcome::equivalent)
                    << to_string(result.check);
            if (entry.cause) {
                const std::vector<Cause> causes = diagnose(std::span(&record, 1)).at(0).causes;
                // What two ranks kept in bf16 has more bits once it is summed: one such split proves no format.
                const Cause named = entry.cause == Cause::bf16_accumulator ? Cause::unknown : *entry.cause;
                EXPECT_NE(std::find(causes.begin(), causes.end(), named), causes.end());
            } else {
                EXPECT_EQ(record.traffic.exchanges, 2);
            }
            std::filesystem::remove_all(directory / "faulty.trace");
            std::filesystem::remove(directory / "faulty.trace.meeting");
        }
}

/// A reducer's buckets hold right gradients beside wrong ones.
TEST_F(TwoRanks, FaultsOfSomeParametersAreFoundOnEveryExchange) {
    for (const char* engine : {"gloo", "gloo:flat", "gloo:bucket=64:view", "gloo:static"})
        for (const char* fault : {"n-minus-one", "divide-after-backward"}) {
            Trial faulty = trial;
            faulty.engine = engine;
            faulty.fault = std::string(fault) + "@some-parameters";
            follow(faulty);
            SCOPED_TRACE(std::string(engine) + " " + fault);
            const Record record = judged(run(faulty, "faulty.trace"));
            EXPECT_EQ(result_of(record.verdict, Check::grad).outcome, Outcome::divergent);
            EXPECT_LE(result_of(record.verdict, Check::loss).outcome, Outcome::equivalent);
            const Finding finding = diagnose(std::span(&record, 1)).at(0);
            EXPECT_EQ(finding.occasion, Occasion(Timing::always, Reach::some_parameters));
            EXPECT_NE(std::find(finding.causes.begin(), finding.causes.end(), parse_cause(fault)),
                      finding.causes.end());
            std::filesystem::remove_all(directory / "faulty.trace");
            std::filesystem::remove(directory / "faulty.trace.meeting");
        }
}

TEST_F(TwoRanks, HoldEveryIdentityOnEveryExchange) {
    for (const char* engine : {"gloo", "gloo:flat", "gloo:bucket=64:view", "gloo:unused", "gloo:static"})
        for (const Split& split : {Split{2, 1, 2}, Split{1, 2, 2}}) {
            Trial asked = trial;
            asked.split = split;
            asked.engine = engine;
            asked.identities = "all";
            SCOPED_TRACE(to_string(asked));
            const Verdict verdict = judged(run(asked, "asked.trace")).verdict;
            EXPECT_EQ(result_of(verdict, Check::identity), (CheckResult{.check = Check::identity}));
            for (const IdentityStatus& status : verdict.identities) EXPECT_EQ(status.windows > 0, status.unfit.empty());
            std::filesystem::remove_all(directory / "asked.trace");
            std::filesystem::remove(directory / "asked.trace.meeting");
        }
}

TEST_F(TwoRanks, GiveTheBitsOfTheSerialEngine) {
    const Trace trace = run(trial, "a.trace");
    const Trace followed = read_trace(reference);
    const Forcing forcing(followed);
    const Trace serial = run_trial(make_setup(trial), Level::grads, &forcing, std::nullopt);
    ASSERT_EQ(serial.ranks[1].size(), trace.ranks[1].size());
    for (std::size_t rank = 0; rank < 2; ++rank)
        for (std::size_t k = 0; k < serial.ranks[rank].size(); ++k)
            for (const auto& [name, tensor] : serial.ranks[rank][k].tensors)
                EXPECT_TRUE(identical(tensor, trace.ranks[rank][k].tensors.at(name)))
                    << rank << " " << k << " " << name;
}

TEST_F(TwoRanks, ATrialAfterAnotherIsTheTrialAlone) {
    Trial other = trial;
    other.split = {2, 1, 2};
    run(other, "before.trace");
    const Trace after = run(trial, "after.trace");
    first = Ranks(plant);
    second = Ranks(plant);
    EXPECT_EQ(content_digest(run(trial, "alone.trace")), content_digest(after));
}

TEST_F(TwoRanks, APlantedFaultIsPlantedOnEveryRank) {
    Trial faulty = trial;
    faulty.fault = "token-mean-of-means";
    EXPECT_EQ(judged(run(faulty, "a.trace")).verdict.outcome, Outcome::divergent);
}

}  // namespace isobatch
