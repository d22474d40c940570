#include "diagnose/updating.h"

#include <set>

#include "diagnose/recover.h"
#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

constexpr Updating all[]{Updating::right,     Updating::altered,         Updating::undecayed,
                         Updating::unskipped, Updating::forwarded_twice, Updating::forwarded_others,
                         Updating::forgotten};
const Made same{"xxh3:1", "xxh3:1", ""}, other{"xxh3:2", "xxh3:1", "param/bias"};

class ReadUpdate : public testing::Test {
protected:
    WindowEvidence window() const {
        const Yardstick yardstick = yardstick_of(matrix.reference());
        WindowEvidence evidence;
        read_update(trace, 1, yardstick.windows.at(1), evidence);
        return evidence;
    }
    Updating read() const { return window().updating; }

    const Synthetic matrix{{}};
    Trace trace = matrix.candidate({4, 2, 2});
    std::map<std::string, Made>& made = trace.ranks[1][1].made;
};

TEST_F(ReadUpdate, IsOfWhatAnyRankMade) {
    EXPECT_EQ(read(), Updating::right);
    made["overflow"] = other;
    EXPECT_EQ(read(), Updating::unskipped);
    EXPECT_FALSE(window().decays);
    made["undecayed"] = other;
    EXPECT_EQ(read(), Updating::unskipped) << "an update that is wrong in another way";
    EXPECT_TRUE(window().decays);
    made["undecayed"] = same;
    EXPECT_EQ(read(), Updating::unskipped) << "decay changes nothing there";
    EXPECT_FALSE(window().decays);
    made["param"] = other;
    EXPECT_EQ(read(), Updating::altered);
    Tensors& tensors = trace.ranks[1][1].tensors;
    tensors.lower_bound("forced/param/")->second = tensors.lower_bound("forced/opt/")->second;
    EXPECT_EQ(read(), Updating::undecayed);
    EXPECT_TRUE(window().decays);
    std::vector<double>& lr = trace.ranks[1][1].lr;
    lr[0] *= 2;
    made.erase("param");
    EXPECT_EQ(read(), Updating::unskipped) << "an update at another rate";
    EXPECT_FALSE(window().decays);
    lr[0] /= 2;
    EXPECT_EQ(read(), Updating::undecayed);
    trace.ranks[1].resize(1);
    EXPECT_EQ(read(), Updating::right) << "that rank made no such step";
}

TEST_F(ReadUpdate, AStateThatIsAnotherAfterARestartIsForgotten) {
    made["opt"] = other;
    EXPECT_EQ(read(), Updating::right) << "no restart, and of nothing that is known";
    EXPECT_FALSE(window().restarts);
    trace.ranks[1][1].events.emplace_back("restart");
    EXPECT_EQ(read(), Updating::forgotten);
    EXPECT_TRUE(window().restarts);
    made["opt"] = same;
    EXPECT_EQ(read(), Updating::right);
    EXPECT_TRUE(window().restarts);
    made["opt"] = other;
    Tensors& tensors = trace.ranks[1][1].tensors;
    tensors.lower_bound("forced/param/")->second = tensors.lower_bound("forced/opt/")->second;
    EXPECT_EQ(read(), Updating::right) << "an update that is wrong before the restart";
}

TEST_F(ReadUpdate, BuffersAreOfTwoForwardsOrOfSomethingAfterThem) {
    EXPECT_FALSE(window().keeps_statistics);
    made["buffer"] = made["forwarded"] = same;
    made["recomputed"] = other;
    EXPECT_EQ(read(), Updating::right);
    EXPECT_TRUE(window().keeps_statistics);
    made["buffer"] = made["forwarded"] = other;
    EXPECT_EQ(read(), Updating::right) << "of nothing that is known";
    made["recomputed"] = same;
    EXPECT_EQ(read(), Updating::forwarded_twice);
    made["forwarded"] = same;
    EXPECT_EQ(read(), Updating::forwarded_others) << "two forwards may leave what one does";
    made["recomputed"] = other;
    EXPECT_EQ(read(), Updating::forwarded_others);
    made["param"] = other;
    EXPECT_EQ(read(), Updating::altered) << "an update that is wrong too";
}

TEST_F(ReadUpdate, WhereNobodyLookedNothingIsWrong) {
    made.clear();
    EXPECT_EQ(read(), Updating::right);
    EXPECT_FALSE(window().decays);
}

TEST(Updating, HasANameAndASentenceEach) {
    std::set<std::string> names, sentences;
    for (const Updating one : all) {
        EXPECT_TRUE(names.insert(to_string(one)).second);
        EXPECT_TRUE(sentences.insert(meaning(one)).second);
    }
}

}  // namespace
}  // namespace isobatch
