#include "supervise/launcher.h"

#include <map>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<Launcher> found(const Variables& variables) {
    return launcher_in([&](const char* name) {
        const auto it = variables.find(name);
        return it == variables.end() ? nullptr : it->second.c_str();
    });
}

const Variables torchrun{{"RANK", "2"}, {"WORLD_SIZE", "4"}, {"LOCAL_RANK", "2"}, {"LOCAL_WORLD_SIZE", "4"}};
const Variables open_mpi{
    {"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}};
const Variables pmi{{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"MPI_LOCALNRANKS", "4"}};
const Variables slurm{
    {"SLURM_PROCID", "2"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_STEP_TASKS_PER_NODE", "4"}, {"SLURM_NTASKS", "8"}};

TEST(Launcher, EachSaysWhichRankThisIs) {
    const std::pair<Variables, const char*> all[] = {
        {torchrun, "torchrun (RANK, WORLD_SIZE)"},
        {open_mpi, "Open MPI (OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE)"},
        {pmi, "PMI (PMI_RANK, PMI_SIZE)"},
        {slurm, "Slurm (SLURM_PROCID, SLURM_STEP_NUM_TASKS)"}};
    for (const auto& [variables, source] : all) {
        const Launcher launcher = found(variables).value();
        EXPECT_EQ(launcher.source, source);
        EXPECT_EQ(launcher.rank, 2);
        EXPECT_EQ(launcher.world, 4);
    }
}

TEST(Launcher, NoneIsOurOwnSupervisor) {
    EXPECT_FALSE(found({}));
    EXPECT_FALSE(found({{"RANK", "3"}, {"WORLD_SIZE", "4"}})) << "anybody may set these";
    EXPECT_FALSE(found({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}})) << "a batch script, outside srun";
    Variables alone = torchrun;
    alone["RANK"] = "0";
    alone["WORLD_SIZE"] = alone["LOCAL_WORLD_SIZE"] = "1";
    EXPECT_FALSE(found(alone));
}

TEST(Launcher, TheInnermostCounts) {
    Variables both = slurm;
    both["SLURM_PROCID"] = "0";
    both.insert(torchrun.begin(), torchrun.end());
    EXPECT_EQ(found(both)->rank, 2);
    Variables mpi_in_slurm = slurm;
    mpi_in_slurm["SLURM_PROCID"] = "0";
    mpi_in_slurm.insert(open_mpi.begin(), open_mpi.end());
    EXPECT_TRUE(says(found(mpi_in_slurm)->source, "Open MPI"));
}

TEST(Launcher, WhatContradictsItselfIsAnError) {
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"RANK", "4"},
                                                                    {"RANK", "-1"},
                                                                    {"RANK", "2x"},
                                                                    {"RANK", ""},
                                                                    {"WORLD_SIZE", "2"},
                                                                    {"WORLD_SIZE", "99999999999"}}) {
        Variables wrong = torchrun;
        wrong[name] = value;
        EXPECT_THROW(found(wrong), Error) << name << " " << value;
    }
    for (const char* name : {"RANK", "WORLD_SIZE"}) {
        Variables missing = torchrun;
        missing.erase(name);
        EXPECT_TRUE(says(error_of([&] { found(missing); }).problem(), name));
    }
}

TEST(Launcher, OneMachineNeedsNoAddress) {
    for (const Variables& variables : {torchrun, open_mpi, pmi, slurm}) {
        Variables with_address = variables;
        with_address.insert({{"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29500"}});
        EXPECT_EQ(found(with_address)->host, "");
        EXPECT_EQ(found(variables)->host, "");
    }
}

/// As each launcher sets them where two of four ranks are here, with what a user adds.
Variables wide(Variables variables, const char* here, const char* value) {
    variables[here] = value;
    variables.insert({{"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29500"}});
    return variables;
}

TEST(Launcher, RanksOnSeveralMachinesMeetAtRankZero) {
    const Variables job{{"PET_NNODES", "4"}, {"RANK", "1"}, {"WORLD_SIZE", "4"}};
    for (const Variables& variables :
         {wide(open_mpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "2"), wide(pmi, "MPI_LOCALNRANKS", "2"),
          wide(slurm, "SLURM_STEP_TASKS_PER_NODE", "2(x2)"), wide(slurm, "SLURM_STEP_TASKS_PER_NODE", "3,1"),
          wide(job, "PET_NPROC_PER_NODE", "1")}) {
        EXPECT_EQ(found(variables)->host, "node1");
        EXPECT_EQ(found(variables)->port, 29500);
    }
    EXPECT_EQ(found(wide(torchrun, "LOCAL_WORLD_SIZE", "2"))->port, 29501) << "torchrun itself holds the other";
    Variables unsaid = wide(pmi, "MPI_LOCALNRANKS", "2");
    unsaid.erase("MPI_LOCALNRANKS");
    EXPECT_EQ(found(unsaid)->host, "node1");
}

TEST(Launcher, WithoutAnAddressSeveralMachinesAreAnErrorThatSaysWhatToSet) {
    for (const char* name : {"MASTER_ADDR", "MASTER_PORT"}) {
        Variables missing = wide(slurm, "SLURM_STEP_TASKS_PER_NODE", "2(x2)");
        missing.erase(name);
        const Error error = error_of([&] { found(missing); });
        EXPECT_EQ(error.where(), name);
        EXPECT_TRUE(says(error.problem(), "several machines") && says(error.next(), name));
    }
    for (const char* port : {"", "x", "-1", "0", "65536"}) {
        Variables wrong = wide(slurm, "SLURM_STEP_TASKS_PER_NODE", "2(x2)");
        wrong["MASTER_PORT"] = port;
        EXPECT_EQ(error_of([&] { found(wrong); }).where(), "MASTER_PORT") << port;
    }
}

}  // namespace
}  // namespace isobatch
