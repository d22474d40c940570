#include "reports/costs.h"

#include <map>

#include "base/text.h"
#include "tests/base/expect.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

/// The cells of every row, read as RFC 4180 has it.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
    std::vector<std::vector<std::string>> rows{{""}};
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text.compare(i, 2, "\"\"") == 0)
            rows.back().back() += text[i++];
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == ',')
            rows.back().emplace_back();
        else if (!quoted && text.compare(i, 2, "\r\n") == 0)
            rows.push_back({""}), ++i;
        else
            rows.back().back() += text[i];
    }
    EXPECT_EQ(rows.back(), std::vector<std::string>{""});
    rows.pop_back();
    return rows;
}

TEST(CostsCsv, HasARowATrial) {
    Result result = small_result();
    Cost& cost = result.records[2].cost;
    cost.forward_ms = 2.5;
    cost.memory = {std::int64_t{1} << 40, 5, 4, 3, 2, 1, 9, 8, 7};
    const auto rows = read_csv(costs_csv(result));
    ASSERT_EQ(rows.size(), result.records.size() + 1);
    const std::vector<std::string> first(rows[3].begin(), rows[3].begin() + 8);
    EXPECT_EQ(first, (std::vector<std::string>{"gpt", "2", "1", "2", "serial", "cpu", "fp64", "inconclusive"}));
    std::map<std::string, std::string> cells;
    for (std::size_t i = 0; i < rows[0].size(); ++i) cells[rows[0][i]] = rows[3][i];
    EXPECT_EQ(cells["ms_per_step"], "12.5");
    EXPECT_EQ(cells["samples_per_second"], "320");
    EXPECT_EQ(cells["forward_ms"], "2.5");
    EXPECT_EQ(cells["backward_ms"], "");
    EXPECT_EQ(cells["memory_bytes_peak"], "1099511627776") << "to the last byte";
    EXPECT_EQ(cells["memory_bytes_buckets"], "1");
    EXPECT_EQ(cells["memory_bytes_resident"], "9");
    EXPECT_EQ(cells["memory_bytes_reserved"], "8");
    EXPECT_EQ(cells["memory_bytes_active"], "7");
    EXPECT_EQ(cells["memory_bytes_activations"], "1099511627766") << "what is left of the peak";
    EXPECT_EQ(cells["collectives"], "24");
    EXPECT_EQ(cells["bytes"], "4096");
    EXPECT_EQ(cells["exchanges"], "2");
    EXPECT_EQ(cells["trial"], to_string(result.records[2].trial));
    for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size());
}

TEST(CostsCsv, HasNothingWhereNothingWasMeasured) {
    Result result = small_result();
    result.records[0].cost = {infinite, not_a_number};
    result.records[0].traffic = {};
    const auto row = read_csv(costs_csv(result))[1];
    ASSERT_EQ(row.size(), 32u);
    for (std::size_t i = 8; i < 31; ++i) EXPECT_EQ(row[i], "") << i;
}

TEST(CostsCsv, NoTextFromOutsideIsACellOrAFormula) {
    std::vector<std::string> texts = hostile_texts();
    for (const char* formula : {"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", ",,,", "\",\""})
        texts.push_back(formula);
    for (const std::string& text : texts) {
        const auto rows = read_csv(costs_csv(hostile_result(text)));
        for (const auto& row : rows) {
            ASSERT_EQ(row.size(), rows[0].size()) << shown(text);
            for (const std::string& cell : row)
                EXPECT_EQ(std::string("=+-@").find(cell.empty() ? 'x' : cell[0]), std::string::npos) << cell;
        }
        for (const char c : costs_csv(hostile_result(text)))
            EXPECT_TRUE(c == '\r' || c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown(text);
    }
}

}  // namespace
}  // namespace isobatch
