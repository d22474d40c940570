#!/usr/bin/env python3
"""What a mutation changes, and what it leaves alone: comments, texts, templates and declarations."""
import unittest

from mutations import mutations

SOURCE = '''#include <map>
/// Returns 7 < 8.
int f(const std::vector<int>& a) {
    int sum = 3;
    if (a.size() > 2 && !a.empty()) return 0;
    for (int i = 0; i < sum; ++i) sum += a[i];
    note("1 < 2", sum);
    return sum;
}
'''


class Mutations(unittest.TestCase):
    def setUp(self):
        self.all = mutations("f.cpp", SOURCE)
        self.changes = {(one.line, one.change) for one in self.all}

    def test_every_operator_constant_condition_and_statement_has_its_mutants(self):
        for line, change in ((4, "3 -> 4"), (4, "3 -> 2"), (4, "3 -> 6"), (4, "3 -> 0"), (5, "> -> >="), (5, "> -> <="), (5, "&& -> ||"), (5, "if (a.size() > 2 && !a.empty()) negated"),
                             (5, "without: if (a.size() > 2 && !a.empty()) return 0;"), (6, "< -> <="), (6, "++ -> --"), (6, "+= -> -="),
                             (6, "without: for (int i = 0; i < sum; ++i) sum += a[i];"), (7, 'without: note("1 < 2", sum);')):
            self.assertIn((line, change), self.changes)

    def test_nothing_is_not_doubled(self):
        self.assertEqual([one.change for one in mutations("f.cpp", "double f() {\n    return 0.0;\n}\n") if "->" in one.change], ["0.0 -> 1.0"])

    def test_what_is_no_code_has_none(self):
        self.assertFalse({one.line for one in self.all} & {1, 2, 3, 8})
        self.assertFalse([change for line, change in self.changes if line == 7 and "without" not in change])

    def test_each_is_one_change_at_its_place(self):
        for one in self.all:
            self.assertNotEqual(SOURCE[one.begin:one.end], one.text)
            self.assertEqual(SOURCE.count("\n", 0, one.begin) + 1, one.line)
        self.assertEqual(len({(one.begin, one.end, one.text) for one in self.all}), len(self.all))


if __name__ == "__main__":
    unittest.main()
