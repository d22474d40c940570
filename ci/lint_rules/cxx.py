"""Reads as much C++ as the rules need: comments and literals taken out, function bodies found by their braces."""
import re

TOKEN = re.compile(
    r"""(?P<raw>R"(?P<end>[^()\\\s]{0,16})\(.*?\)(?P=end)")
      | (?P<comment>//(?:[^\n\\]|\\.)*|/\*.*?\*/)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>(?<!\w)\d(?:'?[\w.])*)            # before the character: 1'000 has no character in it
      | (?P<character>'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.VERBOSE,
)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
PIECE = re.compile(r"[{};\n]|[^{};\n]+")
ACCESS = re.compile(r"\s*(?:public|private|protected)\s*:\s*")
BEFORE_SCOPE = re.compile(r"\s*(?:template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>|[A-Z][A-Z0-9_]*\s*\([^()]*\))")
SCOPE = re.compile(r"\s*(?:(?:typedef|static|const|constexpr|inline|export)\s+)*(?:namespace|class|struct|union|enum)\b")
EXTERN_BLOCK = re.compile(r'\s*extern\s*""\s*')


def newlines_of(match):
    return "\n" * match.group().count("\n")


def without_comments(text):
    """The text with comments and raw strings gone and every line where it was."""
    return TOKEN.sub(lambda match: newlines_of(match) if match["raw"] or match["comment"] else match.group(), text)


def code_of(text):
    """The text without comments, the insides of literals and preprocessor lines, and every line where it was."""

    def replace(match):
        if match["number"]:
            return "0"
        return newlines_of(match) + ("" if match["comment"] else '""')

    return PREPROCESSOR.sub(newlines_of, TOKEN.sub(replace, text))


def is_scope(head):
    """Whether the braces after this text hold declarations: a namespace, a type, extern "C"."""
    while BEFORE_SCOPE.match(head):  # template <...>, and macro calls that end without a semicolon
        head = BEFORE_SCOPE.sub("", head, count=1)
    return bool(SCOPE.match(head) or EXTERN_BLOCK.fullmatch(head))


def is_function(head):
    """Whether the braces after this text are a body; not so `x = {`, `f({` and `int x{`."""
    return "(" in head and head.count("(") == head.count(")") and not head.rstrip().endswith("=")


def functions(text):
    """Yields (first line, last line, name) of every function outside functions, from its first word to its last brace."""
    head, first, line = "", 1, 1  # what was read since the last declaration ended, and where that began
    inside = 0  # open braces within a function or an initialiser
    body = finished = False
    for piece in (match.group() for match in PIECE.finditer(code_of(text))):
        if finished and piece.strip():
            finished = False
            if piece != "{" and not piece.lstrip().startswith(","):  # else: so far only `a_{1}` of a constructor
                yield first, last, name_of(head)
                head = ""
        if piece == "\n":
            line += 1
            head += " "
        elif inside:
            inside += {"{": 1, "}": -1}.get(piece, 0)
            finished = body and not inside
            last = line
        elif piece == "{" and not is_scope(head):
            inside, body = 1, is_function(head)
        elif piece in ("{", "}") or (piece == ";" and head.count("(") == head.count(")")):
            head = ""
        elif not ACCESS.fullmatch(piece):
            first = first if head.strip() else line
            head += piece
    if finished:
        yield first, last, name_of(head)


def name_of(head):
    """The word before the first parenthesis."""
    words = re.findall(r"[\w:~]+", head.partition("(")[0])
    return words[-1] if words else "function"
