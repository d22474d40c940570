#!/usr/bin/env python3
"""Opens reports in a real browser: what is drawn, what is hostile, what works without a script, and who can read it.

usage: browser_test.py PROGRAM [SCREENSHOTS]

PROGRAM writes pages into the folder that it is given (tests/reports/example_results.cpp). Screenshots are kept where a folder is named.
Exit code 77: there is no browser here; ci/install --browser brings one.
"""
import base64
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from browser import Browser, missing  # noqa: E402

CONTRAST = """
const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return {rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1}; };
const light = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || element.closest("script,style,title")) continue;
  if (element.getClientRects().length === 0) continue;
  const style = getComputedStyle(element);
  const text = parse(element.closest("svg") ? style.fill : style.color);
  let back = null;
  for (let e = element; e && !back; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.alpha > 0) back = colour;
  }
  const [a, b] = [light(text.rgb), light(back.rgb)].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  ++seen;
  if (contrast < 4.5 || text.alpha < 1) bad.push(contrast.toFixed(2) + " " + walker.currentNode.textContent.trim().slice(0, 40));
}
return {seen, bad};
"""

UNREADABLE = """
const bad = [], all = s => [...document.querySelectorAll(s)];
for (const table of all("table")) {
  if (!table.caption || !table.caption.textContent.trim()) bad.push("a table without a caption");
  if (!table.querySelector("thead th[scope=col]")) bad.push("no column head: " + table.caption.textContent);
  for (const head of table.querySelectorAll("th")) if (!head.scope || !head.textContent.trim()) bad.push("a head without scope or text: " + head.outerHTML);
}
for (const picture of all("svg")) if (picture.getAttribute("role") !== "img" || !picture.getAttribute("aria-label")) bad.push("a picture without a name");
for (const control of all("a,button,summary")) if (!(control.textContent.trim() || control.getAttribute("aria-label"))) bad.push("a control without a name");
for (const input of all("input")) if (!input.labels.length || !input.labels[0].textContent.trim()) bad.push("an input without a label");
for (const link of all("a[href]")) if (!document.getElementById(link.getAttribute("href").slice(1))) bad.push("a link to nothing: " + link.href);
const ids = all("[id]").map(e => e.id);
if (new Set(ids).size !== ids.length) bad.push("an id is given twice");
let level = 0;
for (const heading of all("h1,h2,h3,h4")) { const own = +heading.tagName[1]; if (own > level + 1) bad.push("a heading is skipped: " + heading.textContent); level = own; }
if (!document.documentElement.lang || !document.title) bad.push("no language or title");
if (all("main").length !== 1 || all("h1").length !== 1) bad.push("not one main part and one first heading");
for (const region of all("[role=region]")) if (region.tabIndex !== 0 || !region.getAttribute("aria-label")) bad.push("a region that no keyboard scrolls");
return bad;
"""

OUTCOMES = "return [...document.querySelectorAll('#splits tbody tr')].filter(r => r.getClientRects().length).map(r => r.dataset.outcome)"


class PageTest(unittest.TestCase):
    program = screenshots = None

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        subprocess.run([cls.program, str(cls.folder)], check=True)
        cls.page = cls.folder / "small.html"
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
        self.browser.scheme("light")
        self.browser.resize(1280, 900)
        self.browser.open(self.page)

    def keep(self, name):
        if self.screenshots:
            picture = base64.b64decode(self.browser.ask("GET", "/screenshot"))
            (pathlib.Path(self.screenshots) / f"{name}.png").write_bytes(picture)

    def test_the_console_stays_empty_and_nothing_is_loaded(self):
        self.assertEqual(self.browser.console(), [])
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)

    def test_the_first_screen_holds_answer_cause_split_sample_and_command(self):
        self.keep("light")
        text = self.browser.run(
            "return [...document.querySelectorAll('.answer,.cause,.cause p,.cause a,.cause code')]"
            ".filter(e => e.getBoundingClientRect().top < innerHeight).map(e => e.innerText).join(' ')"
        )
        for words in ("token-mean-of-means", "First in split", "2x2x1", "sample sample-0", "instead of 1", "isobatch check gpt"):
            self.assertIn(words, text)

    def test_every_picture_is_drawn(self):
        self.browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
        boxes = self.browser.run(
            "return [...document.querySelectorAll('svg')].map(s => { const b = s.getBoundingClientRect(), i = s.getBBox();"
            " return [s.getAttribute('aria-label'), b.width, b.height, i.width, i.height,"
            " i.x >= -1 && i.y >= -1 && i.x + i.width <= b.width + 1 && i.y + i.height <= b.height + 1]; })"
        )
        self.assertGreater(len(boxes), 5)
        for label, width, height, inner_width, inner_height, inside in boxes:
            with self.subTest(label):
                self.assertGreater(min(width, height, inner_width, inner_height), 0)
                self.assertTrue(inside, "something is drawn outside the picture")

    def test_it_can_be_read_without_its_script(self):
        with_script = self.browser.run("return document.querySelector('main').innerText.length")
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.open(self.page)
        self.assertEqual(self.browser.run("return document.querySelectorAll('button,input').length"), 0)
        self.assertGreater(self.browser.run("return document.querySelector('main').innerText.length"), 0.9 * with_script)
        self.assertEqual(len(self.browser.run(OUTCOMES)), 6)

    def test_columns_are_sorted(self):
        values = "return [...document.querySelectorAll('#splits tbody tr')].map(r => r.cells[arguments[0]].innerText)"
        click = "document.querySelectorAll('#splits thead th')[arguments[0]].querySelector('button').click()"
        sort = "return document.querySelectorAll('#splits thead th')[arguments[0]].getAttribute('aria-sort')"
        margins = lambda: [float(text) for text in self.browser.run(values, 2) if text != "-"]  # noqa: E731
        self.browser.run(click, 2)
        self.assertEqual(margins(), sorted(margins()))
        self.assertEqual(self.browser.run(sort, 2), "ascending")
        self.browser.run(click, 2)
        self.assertEqual(margins(), sorted(margins(), reverse=True))
        self.assertNotEqual(margins(), sorted(margins()))
        self.browser.run(click, 1)
        self.assertEqual(self.browser.run(OUTCOMES), ["identical", "equivalent", "inconclusive", "divergent", "divergent", "crashed"])
        self.assertIsNone(self.browser.run(sort, 2))

    def test_outcomes_are_filtered(self):
        click = "document.querySelector('#splits input[value=' + arguments[0] + ']').click()"
        self.browser.run(click, "divergent")
        self.assertNotIn("divergent", self.browser.run(OUTCOMES))
        self.assertEqual(self.browser.run("return document.querySelector('#splits [role=status]').innerText"), "4 of 6 trials")
        self.browser.run(click, "divergent")
        self.assertEqual(len(self.browser.run(OUTCOMES)), 6)

    def test_j_and_k_jump_between_what_is_wrong(self):
        at = "return document.activeElement.id"
        self.browser.press("j")
        self.assertEqual(self.browser.run(at), "f0")
        self.browser.press("j")
        self.browser.press("j")
        self.assertRegex(self.browser.run(at), r"^t\d+$")
        self.browser.press("k")
        self.assertEqual(self.browser.run(at), "f1")

    def test_a_command_is_copied(self):
        self.browser.devtools("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        copied = self.browser.ask(
            "POST", "/execute/async",
            {"script": "const done = arguments[0], b = document.querySelector('.cause .command button'); b.click();"
                       "setTimeout(() => navigator.clipboard.readText().then(done, e => done(b.innerText)), 200)", "args": []},
        )
        self.assertTrue(copied.startswith("isobatch check gpt --splits 2x2x1") or copied in ("copied", "selected"), copied)

    def test_dark_and_light_have_contrast(self):
        for scheme in ("light", "dark"):
            with self.subTest(scheme):
                self.browser.scheme(scheme)
                self.browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
                found = self.browser.run(CONTRAST)
                self.assertGreater(found["seen"], 200)
                self.assertEqual(found["bad"], [])
        self.assertEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor"), "rgb(13, 17, 23)")
        self.keep("dark")

    def test_360_pixels_are_wide_enough(self):
        self.browser.resize(360, 740)
        self.browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
        self.assertEqual(self.browser.run("return innerWidth"), 360)
        wide = self.browser.run(
            "return [...document.querySelectorAll('body *')].filter(e => !e.closest('.wide') && e.getClientRects().length"
            " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
        )
        self.assertEqual(wide, [])
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
        self.keep("narrow")

    def test_it_prints(self):
        pdf = base64.b64decode(self.browser.ask("POST", "/print", {}))
        self.assertTrue(pdf.startswith(b"%PDF-"))
        self.assertGreater(len(pdf), 20000)

    def test_everybody_can_read_it(self):
        self.assertEqual(self.browser.run(UNREADABLE), [])

    def test_hostile_names_run_nothing(self):
        pages = sorted(self.folder.glob("hostile*.html"))
        self.assertTrue(pages)
        elements = "return document.querySelectorAll('*').length"
        for page in pages:
            self.browser.open(page)
            self.assertEqual(self.browser.console(), [])
            self.assertIsNone(self.browser.run("return window.hostile ?? null"))
            self.assertEqual(self.browser.run("return document.querySelectorAll('script').length"), 1)
            self.assertEqual(self.browser.run("return [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"), 0)
            self.assertGreater(self.browser.run(elements), 100)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if missing():
        print(f"skipped: there is no {missing()} here; ci/install --browser brings it")
        sys.exit(77)
    PageTest.program = sys.argv.pop(1)
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        PageTest.screenshots = sys.argv.pop(1)
    unittest.main()
