#include "plan/dialect.h"

#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Dialects, HaveNamesOfTheirOwn) {
    std::set<std::string_view> ids;
    for (const Dialect& one : dialects()) {
        EXPECT_TRUE(ids.insert(one.id).second) << one.id;
        EXPECT_EQ(&dialect(one.id), &one);
        std::set<std::string_view> names;
        for (const Name& name : one.names) {
            EXPECT_TRUE(names.insert(name.name).second) << name.name;
            EXPECT_EQ(find_name(one, name.name), &name) << "no other name is the same but for - and _";
        }
        for (const Role role : {Role::per_device, Role::total})
            EXPECT_NE(name_of(one, role), nullptr) << one.id << ' ' << to_string(role);
    }
    EXPECT_EQ(ids.size(), 7u);
}

TEST(Dialects, OnlyIntervalsCountAnythingButUpdates) {
    for (const Dialect& one : dialects())
        for (const Name& name : one.names) {
            EXPECT_TRUE(is_interval(name.role) || name.counts == Counts::updates) << name.name;
            EXPECT_TRUE(!is_interval(name.role) || name.otherwise == 0) << name.name;
        }
}

TEST(Dialect, AnUnknownOneGetsTheNearest) {
    const Error error = error_of([] { dialect("megatorn"); });
    EXPECT_TRUE(says(error.next(), "did you mean megatron?"));
    EXPECT_TRUE(says(error.next(), "huggingface, accelerate, deepspeed"));
}

TEST(FindName, TakesUnderscoresForHyphens) {
    const Name* name = find_name(dialect("megatron"), "global_batch_size");
    ASSERT_NE(name, nullptr);
    EXPECT_EQ(name->name, "global-batch-size");
    EXPECT_EQ(find_name(dialect("megatron"), "global_batch"), nullptr);
    EXPECT_EQ(find_name(dialect("huggingface"), ""), nullptr);
}

TEST(ToString, EveryRoleAndUnitHasAWord) {
    for (int role = 0; role <= static_cast<int>(Role::save); ++role)
        EXPECT_FALSE(to_string(static_cast<Role>(role)).empty());
    std::set<std::string> words;
    for (const Counts counts : {Counts::updates, Counts::micros, Counts::samples, Counts::scheduler})
        EXPECT_TRUE(words.insert(to_string(counts)).second);
}

}  // namespace
}  // namespace isobatch
