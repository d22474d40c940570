"""What somebody might call a sample, a tensor, a case or an error so that a report does something: at least 500 texts, as bytes."""
import itertools

CALLS = ("window.hostile=1", "alert(1)", "document.title='x'")
TAGS = (
    "<script>{}</script>", "</script><script>{}</script>", "<ScRiPt>{}</sCrIpT>", "<script\n>{}</script\n>", "<<script>{}//<</script>",
    "<script/x>{}</script>", "</style><script>{}</script>", "</title><script>{}</script>", "</textarea><script>{}</script>",
    "--><script>{}</script>", "]]><script>{}</script>", "<noscript><p title='</noscript><script>{}</script>'>", "<script>{}<!--",
    "<template><script>{}</script></template>", "&lt;script&gt;{}&lt;/script&gt;", "\\x3cscript\\x3e{}\\x3c/script\\x3e",
)
HANDLERS = ("onerror", "onload", "onclick", "onmouseover", "onfocus", "onanimationstart", "ontoggle", "onbegin", "onpointerenter", "onbeforetoggle")
ATTRIBUTES = (
    "<img src=x {}={}>", '"{}="{}', "' {}='{}", '"><img src=x {}={}>', "'><img src=x {}={}>", "<body {}={}>", "<details open {}={}>",
    "<input autofocus {}={}>", "` {}=`{}`", "/{}={}/", "<a/{}={}>x", "\"\n{}=\"{}", "<x {}={} style=animation-name:x>",
)
URLS = (
    "javascript:{}", "JaVaScRiPt:{}", "java\tscript:{}", "java\nscript:{}", "&#106;avascript:{}", "data:text/html,<script>{}</script>",
    "data:text/html;base64,PHNjcmlwdD4=", "vbscript:{}", "//example.invalid/x.js?{}", "https://example.invalid/?{}", "file:///etc/passwd#{}",
    "<a href=javascript:{}>x</a>", "<iframe src=javascript:{}>", "<link rel=stylesheet href=data:,{}>", "<base href=//example.invalid/{}>",
    "<form action=javascript:{}><input type=submit>", "<object data=javascript:{}>", "<embed src=javascript:{}>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>", "[x](javascript:{})", "![x](javascript:{})", "<javascript:{}>", "[x]: javascript:{}",
)
SVGS = (
    "<svg/onload={}>", "<svg><script>{}</script></svg>", "<svg><animate onbegin={} attributeName=x>", "<svg><a xlink:href=javascript:{}><text>x",
    "</text></svg><script>{}</script>", "<svg><foreignObject><body onload={}>", "<svg><use href=data:image/svg+xml,{}>", "<svg><style><img/src=x onerror={}>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={}>", "<svg><![CDATA[><img src=x onerror={}>]]>", "</title></svg><img src=x onerror={}>",
    "<svg><set attributeName=onmouseover to={}>",
)
TERMINAL = (
    b"\x1b[31m", b"\x1b[2J\x1b[H", b"\x1b]0;title\x07", b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", b"\x1bc", b"\x1bP$q\"p\x1b\\", b"\x1b[6n",
    b"\x1b]52;c;eA==\x07", b"\x1b[?1049h", b"\xc2\x9b31m", b"\x9b31m", b"\xc2\x9d0;x\xc2\x9c", b"a\rb", b"a\x08b", b"\x0e", b"\x1b(0",
)
TURNS = [chr(c) for c in (0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0x2028, 0x2029)]
NO_TEXT = (
    b"\xff", b"\xfe\xff", b"\xc2", b"\xe2\x80", b"\xf0\x9f\x98", b"\xc0\x80", b"\xc0\xbcscript\xc0\xbe", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\x80\xbf", b"\xc3<script>", b"\xe2\x80\"onload=x", b"\xf0\x9f&lt;", b"+ADw-script+AD4-", b"\xef\xbf\xbe", b"\xef\xbf\xbf",
)
MARKDOWN = (
    "| a | b |", "`code`", "```\nx\n```", "**x**", "# x", "\n# x", "\n\n<b>x</b>", "![x](y)", "[x](y)", "<http://x>", "www.example.invalid", "@somebody", "#1",
    "$x$", "~~x~~", "\\", "\\|", "- [ ] x", "1. x", "> x", "\n---\n", "&copy;", "[^1]", ":x:", "</pre>", "<pre>", "x  \ny",
    "::error::x", "\n::set-output name=x::y", "\r::stop-commands::x", "##[error]x", "%0A::error::x",
)
CELLS = ("=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", ",", "\"", "\",\"", "\r\n", ";=1", "'", "a,b\"c\r\nd")
OTHERS = ("{}", "{0} {1:x}", "%s%n", "../../../etc/passwd", "$(reboot)", "; rm -rf /", "nan", " ", "  ", "Größe 日本語", "\U0001f600", "e\u0301\u0301")


def payloads():
    texts = [tag.format(call) for tag, call in itertools.product(TAGS + URLS + SVGS, CALLS)]
    texts += [text.format(handler, CALLS[0]) for text, handler in itertools.product(ATTRIBUTES, HANDLERS)]
    texts += [f"a{turn}b" for turn in TURNS] + [f"<{turn}script>" for turn in TURNS] + [turn * 3 for turn in TURNS]
    texts += list(MARKDOWN) + list(CELLS) + list(OTHERS)
    found = [text.encode() for text in texts] + list(TERMINAL) + list(NO_TEXT)
    found += [b"a" + bytes([c]) + b"b" for c in (*range(0x20), 0x7F)] + [f"a{chr(c)}b".encode() for c in range(0x80, 0xA0)]
    found += [b"<a b='\"" + bytes([c]) + b"'>" for c in (*range(0x20), 0x7F)]
    found += [b"x" * (1 << 20), b"<script>window.hostile=1</script>" * (1 << 15), b"\xff" * (1 << 20), b"\"' onload=x " * (1 << 16)]
    return list(dict.fromkeys(found))
