#!/usr/bin/env python3
"""Holds every report against at least 500 hostile texts: none becomes a node, an attribute, a link, a cell or a control character.

usage: hostile_test.py PROGRAM

PROGRAM puts a text wherever one comes from outside (tests/reports/write_sinks.cpp). Whatever the text, a report must have the structure that it
has with a harmless one, as a parser of its format reads it.
"""
import csv
import html.parser
import io
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True

from payloads import payloads  # noqa: E402

HARMLESS = b"harmless"
EMPTY = {"meta"}
# Beside line ends and tabs, no character that acts: C0, C1, changes of the reading direction, line and paragraph separators.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PREFORMATTED = re.compile("<pre>[^<>\n]*</pre>")
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")


class Page(html.parser.HTMLParser):
    """Tags and attribute names in order, what the script holds, and whatever could act."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.skeleton, self.scripts, self.acting, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.skeleton.append((tag, tuple(name for name, _ in attrs)))
        if tag not in EMPTY:
            self.open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "style", "srcdoc", "action") or name == "href" and not value.startswith("#"):
                self.acting.append((tag, name, value))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        self.skeleton.append("/" + tag)
        if not self.open or self.open.pop() != tag:
            self.acting.append(("closed out of order", tag, ""))

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)

    def handle_comment(self, data):
        self.acting.append(("comment", data, ""))

    handle_pi = unknown_decl = handle_comment


def frames(program, texts):
    """For every text a mapping from the report's name to its bytes."""
    lines = b"".join(text.hex().encode() + b"\n" for text in texts)
    out = subprocess.run([program], input=lines, stdout=subprocess.PIPE, check=True).stdout
    found, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        name, length = out[at:end].decode().split()
        if name == "html":
            found.append({})
        found[-1][name] = out[end + 1:end + 1 + int(length)]
        at = end + 1 + int(length)
    return found


def markdown_structure(text):
    """What Markdown reads as its own: all marks that are neither escaped nor preformatted, where it reads nothing."""
    return re.findall(r"[`*_\[\]<>#|!&$~\n]", ESCAPED.sub("", PREFORMATTED.sub("", text)))


class HostileTest(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.texts = payloads()
        cls.harmless, *cls.reports = frames(cls.program, [HARMLESS] + cls.texts)

    def each(self, name):
        """The report of every text, decoded: bytes that are no UTF-8 fail here."""
        self.longMessage = True
        for text, report in zip(self.texts, self.reports):
            decoded = report[name].decode()
            self.assertEqual(ACTING.findall(decoded.replace("\r\n", "\n")), [], text[:60])
            yield text, decoded

    def test_there_are_enough(self):
        self.assertGreaterEqual(len(self.texts), 500)
        self.assertEqual(len(self.reports), len(self.texts))

    def test_html(self):
        harmless = Page(self.harmless["html"].decode())
        self.assertEqual(harmless.acting, [])
        self.assertEqual(len(harmless.scripts), 1)
        long = None  # a few fields only: another skeleton, the same for every long text
        for text, report in self.each("html"):
            page = Page(report)
            self.assertEqual(page.acting, [], text[:60])
            self.assertEqual(page.scripts, harmless.scripts)
            self.assertEqual(page.open, [])
            if len(text) <= 100_000:
                self.assertEqual(page.skeleton, harmless.skeleton, text[:60])
            else:
                long = long or page.skeleton
                self.assertEqual(page.skeleton, long)

    def test_junit(self):
        skeleton = lambda text: [(node.tag, sorted(node.attrib)) for node in xml.etree.ElementTree.fromstring(text).iter()]  # noqa: E731
        harmless = skeleton(self.harmless["junit"].decode())
        long = None  # as above
        for text, report in self.each("junit"):
            if len(text) <= 100_000:
                self.assertEqual(skeleton(report), harmless, text[:60])
            else:
                long = long or skeleton(report)
                self.assertEqual(skeleton(report), long)

    def test_terminal(self):
        for name in ("terminal", "changes"):
            harmless = self.harmless[name].decode().count("\n")
            for text, report in self.each(name):
                self.assertNotIn("\r", report)
                if len(text) <= 100_000 and name == "terminal":
                    self.assertEqual(report.count("\n"), harmless, text[:60])

    def test_markdown(self):
        harmless = markdown_structure(self.harmless["markdown"].decode())
        for text, report in self.each("markdown"):
            if len(text) <= 100_000:
                self.assertEqual(markdown_structure(report), harmless, text[:60])
            self.assertEqual(set(tag for tag, *_ in Page(ESCAPED.sub("", report)).skeleton if tag[0] != "/"), {"pre"})

    def test_annotations(self):
        for _, report in self.each("annotations"):
            for line in report.splitlines():
                self.assertRegex(line, "^::(error|warning) title=isobatch [a-z ,-]+::")
                self.assertNotRegex(line, "%(?!25)")

    def test_csv(self):
        for _, report in self.each("csv"):
            rows = list(csv.reader(io.StringIO(report, newline=""), strict=True))
            self.assertEqual({len(row) for row in rows}, {32})
            self.assertEqual(len(rows), 7)
            for cell in (cell for row in rows for cell in row):
                self.assertFalse(cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell[:40])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    HostileTest.program = sys.argv.pop(1)
    unittest.main()
