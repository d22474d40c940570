#!/usr/bin/env python3
"""What a reader of the kill matrix sees of faults that were found, survived, or have no name."""
import html.parser, unittest

from kill_page import page


def entry(fault, **changes):
    return {"id": fault, "red": ["grad"], "may": ["param"], "cause": fault, "meaning": "a < b", **changes}


def matrix(fault, **changes):
    return {"fault": fault, "timing": "always", "reach": "everywhere", "case": "mlp", "effective": 8, "recipe": "fp32", "divergent": 3, "red": {"grad": 3}, "causes": [fault], "first_step": 1, "seconds": 0.6,
            "command": f"isobatch check mlp --recipe {changes.get('recipe', 'fp32')} --fault {fault}@always@everywhere", **changes}


class Rows(html.parser.HTMLParser):
    """The text of every row's cells, and how deep what is open lies at the end."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


class Page(unittest.TestCase):
    def rows_of(self, entries, done, lost=()):
        self.text = page("so many < all", {one["id"]: one for one in entries}, done, lost)
        parsed = Rows(self.text)
        self.assertEqual(parsed.open, [])
        return parsed.rows

    def test_a_fault_has_its_checks_recipes_names_and_steps(self):
        head, row = self.rows_of([entry("a")], [matrix("a"), matrix("a", recipe="fp64", red={"grad": 1, "loss": 1}, causes=["unknown"], first_step=2), matrix("a", divergent=0, red={}, causes=[], first_step=None)])
        self.assertEqual(head, ["fault", "found", "grad", "param", "loss", "fp32", "fp64", "named", "first step", "seconds"])
        self.assertEqual(row, ["a", "2 of 3", "2 of 2", "0 of 2", "1 of 2", "1 of 2", "1 of 1", "1 of 2", "1–2", "2"])
        self.assertIn("Found, and not named", self.text)
        self.assertIn("--recipe fp64 --fault a@always@everywhere</code>: unknown", self.text)
        self.assertIn("so many &lt; all", self.text)
        self.assertIn('title="a &lt; b"', self.text)
        self.assertIn("Every planted fault was found.", self.text)

    def test_a_survivor_is_said_and_a_control_is_none(self):
        rows = self.rows_of([entry("lives"), entry("control", cause=None)], [matrix(fault, divergent=0, red={}, causes=[], first_step=None) for fault in ("lives", "control")], ["lives"])
        self.assertEqual(rows[1][1], "0 of 1")
        self.assertEqual(rows[1][2], "–")
        self.assertEqual(rows[1][4], "0 of 1")
        self.assertEqual(rows[1][-2], "–")
        self.assertIn("Never found: lives.", self.text)

    def test_a_fault_that_need_not_show_is_said_where_it_did_not(self):
        self.rows_of([entry("a"), entry("may"), entry("control", cause=None)], [matrix("a"), *(matrix(fault, divergent=0, red={}, causes=[], first_step=None) for fault in ("may", "control"))])
        self.assertIn("must show was found; of those that it may, never: may.", self.text)

    def test_a_fault_without_a_name_is_called_unknown_and_not_listed(self):
        self.rows_of([entry("odd", cause="unknown")], [matrix("odd", causes=["unknown"])])
        self.assertNotIn("not named", self.text)
        self.assertIn("no cause names it", self.text)
        self.assertNotIn('class="less', self.text)

    def test_expected_checks_are_framed(self):
        self.rows_of([entry("a")], [matrix("a", red={"grad": 1, "loss": 1})])
        self.assertIn('class="must kill"', self.text)
        self.assertIn('class="may none"', self.text)
        self.assertIn('<td class="kill" style="--share: 1.000" title="loss is red in 1 of the 1 matrices in which a was found"', self.text)
        self.assertNotIn("·", self.text)
        self.rows_of([entry("a"), entry("b", red=["norm"])], [matrix("a"), matrix("b", red={"norm": 3})])
        self.assertEqual(self.text.count("·"), 2)  # neither expected nor seen


if __name__ == "__main__":
    unittest.main()
