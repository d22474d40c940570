#pragma once

#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "gradient_check.h"
#include "judge/yardstick.h"
#include "plan/isobatch.h"
#include "run/matrix.h"
#include "run/reference.h"

namespace isobatch {

/// The same case, which does not declare it.
inline std::string undeclared(const std::string& name) {
    static std::string of;
    of = name;
    CaseRegistration(+[] {
        Case subject = find_case(of);
        subject.name += "-undeclared";
        subject.contract.couples_samples = false;
        return subject;
    });
    return name + "-undeclared";
}

/// Every split of eight, in three windows of which the last is ragged, twice.
inline std::vector<Record> records_of(const std::string& name, const std::string& fault = {}) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 8})) {
        Trial trial;
        trial.subject = name;
        trial.split = split;
        trial.samples = 21;
        trial.fault = fault;
        records.push_back(matrix.run(trial));
    }
    return records;
}

/// Declared, every split does what its micros should; undeclared, every split but the reference's is another training,
/// and the model is named as the reason. A fault of the loop is found and named all the same.
inline void expect_coupled(const std::string& name) {
    for (const Record& record : records_of(name)) {
        EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(record.trial);
        EXPECT_EQ(record.evidence.coupling, 0);
        EXPECT_LT(record.verdict.sensitivity, 1e-6) << to_string(record.trial);
    }
    const std::vector<Record> open = records_of(undeclared(name));
    for (const Record& record : open) {
        EXPECT_EQ(record.verdict.outcome, record.trial.split.per_device == 8 ? Outcome::identical : Outcome::divergent)
            << to_string(record.trial);
        EXPECT_GT(record.evidence.coupling, 1e9);
    }
    const std::vector<Finding> findings = diagnose(open);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].causes, std::vector{Cause::batch_coupled});

    for (const char* fault : {"missing-accum-division", "zero-grad-in-window", "never-synced"}) {
        const std::vector<Finding> named = diagnose(records_of(name, fault));
        ASSERT_EQ(named.size(), 1u) << fault;
        EXPECT_EQ(named[0].causes, std::vector{parse_cause(fault)}) << named[0].summary;
    }
}

}  // namespace isobatch
