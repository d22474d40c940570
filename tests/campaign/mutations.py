"""Small changes to C++ source that a test should notice: every operator, constant, condition and statement, one at a time.

The patterns rely on clang-format: a binary operator stands between spaces, a template's angle bracket does not.
"""
import collections, pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "ci"))
from lint_rules.cxx import PREPROCESSOR, TOKEN  # noqa: E402

Mutation = collections.namedtuple("Mutation", "file line begin end text change")  # `text` replaces file[begin:end]

OPERATORS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
             "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "+=": ("-=",), "-=": ("+=",), "*=": ("/=",), "/=": ("*=",)}
NAMES = {"true": ("false",), "false": ("true",), "std::min": ("std::max",), "std::max": ("std::min",), "std::max_element": ("std::min_element",),
         "std::any_of": ("std::all_of",), "std::all_of": ("std::any_of",), "std::none_of": ("std::any_of",), "std::abs": ("",), "std::sqrt": ("",),
         "Outcome::divergent": ("Outcome::inconclusive", "Outcome::equivalent"), "Outcome::inconclusive": ("Outcome::equivalent", "Outcome::divergent"),
         "Outcome::identical": ("Outcome::equivalent",), "Outcome::equivalent": ("Outcome::identical",)}
STATIC_ASSERT = re.compile(r"^[ \t]*static_assert[^\n]*", re.MULTILINE)  # the compiler is its test
OPERATOR = re.compile(r"(?<= )(" + "|".join(re.escape(operator) for operator in sorted(OPERATORS, key=len, reverse=True)) + r")(?=[ \n])")
NAME = re.compile(r"(?<![\w:])(" + "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True)) + r")(?!\w)")
NUMBER = re.compile(r"(?<![\w.'])(?:0x[\da-f]+p[+-]?\d+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.'])")
STEP = re.compile(r"\+\+|--")
NOT = re.compile(r"!(?=[\w(])")
STATEMENT = re.compile(r"(?:if \(|for \(|\+\+|--|[a-z_][\w.]*(?:\[[^;]*\])?(?:\.\w+)?(?:\(|\s[-+*/]?=\s|;))")
DECLARATION = re.compile(r"(?:const|constexpr|auto|return|using|struct|class|namespace|template|switch|case|default|static|double|int|bool|std::\S+ \w)\b")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def masked(text):
    """The text with comments, literals and preprocessor lines blank, every character where it was."""
    text = TOKEN.sub(lambda match: match.group() if match["number"] else blank(match), text)
    return PREPROCESSOR.sub(blank, STATIC_ASSERT.sub(blank, text))


def closing(code, opening):
    """Where the parenthesis that opens here closes."""
    depth = 0
    for position in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        if depth == 0:
            return position
    raise ValueError("a parenthesis is not closed")


def changed_numbers(text):
    """One more, one less, twice as much, nothing."""
    if text.startswith("0x") or "." in text or "e" in text:
        return [f"(2 * {text})", "0.0"] if text.strip("0x.") else ["1.0"]
    number = int(text)
    return [str(value) if value >= 0 else f"({value})" for value in dict.fromkeys((number + 1, number - 1, 2 * number, 0)) if value != number]


def statements(code):
    """Yields (begin, end) of statements that can be left out: assignments, calls, and whole `if` and `for` of one statement."""
    for match in re.finditer(r"(?<=[;{}])\s+(?=\S)", code):
        begin = match.end()
        head = code[begin:begin + 200]
        if not STATEMENT.match(head) or DECLARATION.match(head):
            continue
        depth, position = 0, begin
        while position < len(code):
            character = code[position]
            depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(character, 0)
            if depth < 0:
                break
            if character == ";" and depth == 0 or character == "}" and depth == 0 and head.startswith(("if (", "for (")):
                yield begin, position + 1
                break
            position += 1


def mutations(file, text):
    """All mutations of one file, in its order."""
    code = masked(text)
    found = []

    def add(begin, end, new, change=None):
        old = " ".join(text[begin:end].split())
        found.append(Mutation(file, text.count("\n", 0, begin) + 1, begin, end, new, change or f"{old} -> {new or 'nothing'}"))

    for pattern, table in ((OPERATOR, OPERATORS), (NAME, NAMES)):
        for match in pattern.finditer(code):
            for new in table[match.group()]:
                add(*match.span(), new)
    for match in NUMBER.finditer(code):
        for new in changed_numbers(match.group()):
            add(*match.span(), new)
    for match in STEP.finditer(code):
        add(*match.span(), "--" if match.group() == "++" else "++")
    for match in NOT.finditer(code):
        add(*match.span(), "", f"{text[match.start():match.start() + 20].split(';')[0]!r} without its !")
    for match in re.finditer(r"\bif \(", code):
        end = closing(code, match.end() - 1)
        condition = text[match.end():end]
        if ";" not in condition:  # an initialiser is no condition
            add(match.end(), end, f"!({condition})", f"if ({' '.join(condition.split())}) negated")
    for begin, end in statements(code):
        add(begin, end, ";", f"without: {' '.join(text[begin:end].split())[:120]}")
    return sorted(found, key=lambda mutation: (mutation.begin, mutation.end, mutation.text))
