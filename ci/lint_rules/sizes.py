"""A file has at most 300 lines, a function at most 70: what does not fit is two concepts."""
import ast

from . import cxx
from .tree import Breach

FILE_LINES = 300
FUNCTION_LINES = 70


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno, node.name


def check_functions(path, functions):
    for first, last, name in functions:
        if last - first + 1 > FUNCTION_LINES:
            what = f"{name} has {last - first + 1} lines, more than {FUNCTION_LINES}"
            yield Breach(path, first, "function-length", what, "split it where its steps have names")


def check(tree):
    sources = set(tree.cxx())
    for path in sorted(sources | set(tree.scripts())):
        text = tree.text(path)
        lines = text.count("\n")
        if lines > FILE_LINES:
            what = f"{lines} lines, more than {FILE_LINES}"
            yield Breach(path, FILE_LINES + 1, "file-length", what, "split it by concept")
        if path in sources:
            yield from check_functions(path, cxx.functions(text))
        elif tree.is_python(path):
            yield from check_functions(path, python_functions(text))
