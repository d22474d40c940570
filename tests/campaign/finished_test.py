#!/usr/bin/env python3
"""A campaign that was ended goes on from what it had finished."""
import os, tempfile, unittest

from finished import each

PLANNED = [("a", 1), ("b", 2), ("c", 3), ("d", 4)]


class Finished(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        self.report, self.program, self.asked = os.path.join(self.home.name, "report"), os.path.join(self.home.name, "program"), []
        self.write("one build")

    def write(self, text):
        with open(self.program, "w", encoding="ascii") as file:
            file.write(text)

    def go(self, ended_at=None):
        def do(name, number):
            if name == ended_at:
                raise KeyboardInterrupt
            self.asked.append(name)
            return {"name": name, "twice": 2 * number}

        return each(PLANNED, do, 1, self.report, [self.program])

    def stop_at(self, name):
        with self.assertRaises(KeyboardInterrupt):
            self.go(name)

    def test_goes_on_where_it_was_ended(self):
        self.stop_at("c")
        self.assertEqual(self.go(), [{"name": name, "twice": 2 * number} for name, number in PLANNED])
        self.assertEqual([self.asked.count(name) for name in "abc"], [1, 1, 1])  # d may have begun when c ended it all
        self.assertFalse(os.path.exists(self.report + ".unfinished"))

    def test_a_torn_line_is_done_again_and_tears_no_other(self):
        self.stop_at("c")
        with open(self.report + ".unfinished", "r+", encoding="ascii") as file:
            whole = file.read()
            file.truncate(len(whole) - 3)
        self.stop_at("d")
        self.asked.clear()
        self.assertEqual([matrix["name"] for matrix in self.go()], ["a", "b", "c", "d"])
        self.assertEqual(self.asked, ["d"])

    def test_what_other_programs_did_is_done_again(self):
        self.stop_at("c")
        self.write("another build")
        self.asked.clear()
        self.go()
        self.assertEqual(self.asked, ["a", "b", "c", "d"])

    def test_keeps_nothing_where_nobody_asked_for_a_report(self):
        self.report = None
        self.go()
        self.assertEqual(os.listdir(self.home.name), ["program"])


if __name__ == "__main__":
    unittest.main()
