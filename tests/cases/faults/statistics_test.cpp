#include "cases/faults/faults.h"

#include <gtest/gtest.h>

#include "diagnose/diagnose.h"
#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {
namespace {

std::vector<Record> records_of(const std::string& subject, const std::string& fault) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 8})) {
        Trial trial;
        trial.subject = subject;
        trial.split = split;
        trial.samples = 21;
        trial.fault = fault;
        records.push_back(matrix.run(trial));
    }
    return records;
}

TEST(StatisticsFaults, AreSeenInTheBuffersAloneAndNamed) {
    for (const char* id : {"statistics-moved-twice", "statistics-of-evaluation"})
        for (const char* when : {"", "@first-window", "@later-windows", "@epoch-ends", "@later-epochs"}) {
            const std::vector<Record> records = records_of("batch-norm", std::string(id) + when);
            for (const Record& record : records)
                for (const CheckResult& result : record.verdict.checks)
                    EXPECT_EQ(result.outcome == Outcome::divergent, result.check == Check::buffers)
                        << to_string(record.trial) << ": " << result.message;
            const std::vector<Finding> findings = diagnose(records);
            ASSERT_EQ(findings.size(), 1U);
            EXPECT_EQ(findings[0].causes, std::vector{parse_cause(id)}) << findings[0].summary;
            EXPECT_EQ(to_string(findings[0].occasion.when), *when ? when + 1 : "always");
        }
}

TEST(StatisticsFaults, AreNothingWhereAModelKeepsNone) {
    for (const char* id : {"statistics-moved-twice", "statistics-of-evaluation"})
        for (const Record& record : records_of("mlp", id))
            EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(record.trial);
}

}  // namespace
}  // namespace isobatch
