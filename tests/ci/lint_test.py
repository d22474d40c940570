#!/usr/bin/env python3
"""ci/lint on a small good tree is green; one planted breach of each rule turns exactly that rule red."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "ci"))

from lint_rules import cxx  # noqa: E402

GOOD = {
    "harness/base/error.h": "#pragma once\n",
    "harness/plan/split.h": '#pragma once\n\n#include <string>\n\n#include "base/error.h"\n\nint effective(int per_device);\n',
    "harness/plan/split.cpp": '#include "plan/split.h"\n\n#include <fmt/format.h>\n\nint effective(int per_device) {\n'
    "    return per_device;\n}\n",
    "harness/run/loop.h": '#pragma once\n\n#include <ATen/core/Tensor.h>\n\n#include "plan/split.h"\n',
    "harness/run/no_nccl.cpp": '#include "run/loop.h"\n',
    "harness/cuda/kernel.h": "#pragma once\n\n#ifdef __CUDACC__\n#include <cuda_runtime.h>\n#endif\n",
    "harness/app/isobatch.cpp": '#include "run/loop.h"\n\nint main() {}\n',
    "harness/app/isobatch_run.cpp": "#include <c10/util/Exception.h>\n\nint main() {}\n",
    "cases/gpt.cpp": '#include <torch/types.h>\n\n#include "run/loop.h"\n',
    "reports/html.h": '#pragma once\n\n#include "plan/split.h"\n',
    "reports/html.cpp": '#include "reports/html.h"\n',
    "tests/plan/split_test.cpp": '#include "plan/split.h"\n\n#include "cuda/kernel.h"\n',
    "tests/cases/gpt_test.cpp": '#include <ATen/core/Tensor.h>\n\n// It\'s the case of #include "torch/torch.h".\n',
    "tests/reports/html_test.cpp": '#include "reports/html.h"\n\nconst char* page = R"(\n#include "torch/torch.h"\n)";\n',
    "ci/build": "#!/usr/bin/env bash\ncmake --build \"$root/build/release\"\n",
    "harness/recorder/record.py": "def record():\n    return 1\n",
    "README.md": "See github.com/owner/project/issues/3 and https://example.org/home/page; run build/release/bin/isobatch.\n",
}

FETCHED = "github" + ".com/owner/name/releases" + "/download/v1/name.tar.gz\n"
STATEMENTS = "    x += 1;\n" * 75
LONG_FUNCTION = f"int f(int x) {{\n{STATEMENTS}    return x;\n}}\n"

# rule -> planted files {path: text}, each a breach of that rule and of no other
BREACHES = {
    "format": [{"harness/base/error.h": "#pragma once\nint   x ;\n"}],
    "layer": [
        {"harness/base/error.h": '#pragma once\n\n#include "plan/split.h"\n'},
        {"harness/base/error.h": '#pragma once\n\n#include "../plan/split.h"\n'},
        {"harness/base/error.h": "#pragma once\n\n#include <plan/split.h>\n"},
        {"harness/plan/split.h": '#pragma once\n\n#include "trace/generated.h"\n'},
        {"harness/measure/cost.h": '#pragma once\n\n#include "judge/verdict.h"\n'},
        {"harness/run/loop.h": '#pragma once\n\n#include "diagnose/cause.h"\n#include "reports/html.h"\n'},
        {"harness/run/loop.h": '#pragma once\n\n#include "cases/gpt.h"\n'},
        {"harness/supervise/process.h": '#pragma once\n\n#include "trace/trace.h"\n'},
        {"harness/cuda/kernel.h": '#pragma once\n\n#include "plan/split.h"\n'},
        {"reports/html.h": '#pragma once\n\n#include "run/loop.h"\n'},
        {"harness/stuff/thing.h": "#pragma once\n"},
    ],
    "torch": [
        {"harness/plan/split.h": "#pragma once\n\n#include <ATen/core/Tensor.h>\n"},
        {"harness/app/isobatch.cpp": "#include <c10d/Store.hpp>\n\nint main() {}\n"},
        {"tests/plan/split_test.cpp": "#include <cuda_runtime.h>\n"},
        {"reports/html.h": "#pragma once\n\n#include <nccl.h>\n"},
        {"cases/gpt.cpp": "#include <torch/torch.h>\n"},
    ],
    "fmt": [{"harness/plan/split.h": "#pragma once\n\n#include <fmt/core.h>\n"}],
    "ifdef": [
        {"harness/run/loop.h": "#pragma once\n\n#ifdef USE_CUDA\n#endif\n"},
        {"harness/run/no_nccl.cpp": "#if defined(ISOBATCH_WITH_" + "NCCL)\n#endif\n"},
    ],
    "file-length": [{"harness/base/error.h": "#pragma once\n" + "// more\n" * 300}, {"ci/build": "#!/bin/sh\n" + "ls\n" * 300}],
    "function-length": [
        {"harness/run/no_nccl.cpp": LONG_FUNCTION},
        {"harness/recorder/record.py": "def record(x):\n" + STATEMENTS.replace(";", "") + "    return x\n"},
    ],
    "test-missing": [
        {"harness/plan/trial.cpp": "\n"},
        {"reports/json.cpp": "\n"},
        {"cases/faults/drop.cpp": "\n"},
    ],
    "machine-path": [
        {"README.md": "It lies in " + "/" + "home/ada/isobatch.\n"},
        {"harness/base/error.h": '#pragma once\nconst char* folder = "' + "/" + 'root/isobatch";\n'},
        {"README.md": "C:\\" + "Users\\ada\n"},
        {"ci/build": "#!/bin/sh\ncd /" + "build/isobatch\n"},
    ],
    "registry-host": [{"README.md": "See https://" + "pypi" + ".org/project/name.\n"}, {"README.md": FETCHED}],
    "unfinished": [{"harness/base/error.h": "#pragma once\n// TO" + "DO\n"}, {"ci/build": "#!/bin/sh\n# FIX" + "ME\n"}],
}


class LintTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        shutil.copy(REPOSITORY / ".clang-format", self.root)
        self.write(GOOD)

    def write(self, files):
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)

    def lint(self, env=None):
        """(exit code, rules that were broken, output)"""
        command = [sys.executable, str(REPOSITORY / "ci" / "lint"), "--root", str(self.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        self.assertEqual(done.stderr, "")
        return done.returncode, set(re.findall(r"^\S+:\d+: \[([\w-]+)\] .+: .+$", done.stdout, re.MULTILINE)), done.stdout

    def test_good_tree_is_green(self):
        code, rules, output = self.lint()
        self.assertEqual((code, rules), (0, set()), output)

    def test_each_breach_turns_exactly_its_rule_red(self):
        for rule, plants in BREACHES.items():
            for planted in plants:
                with self.subTest(rule=rule, planted=planted):
                    self.write(planted)
                    code, rules, output = self.lint()
                    self.assertEqual((code, rules), (1, {rule}), output)
                    for path in planted:
                        (self.root / path).unlink()
                    self.write(GOOD)

    def test_reads_new_files_but_not_ignored_ones(self):
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        self.write({".gitignore": "/build\n", "build/made.h": "#include <fmt/core.h>\nint   x;\n"})
        code, rules, output = self.lint()
        self.assertEqual((code, rules), (0, set()), output)
        self.write(BREACHES["fmt"][0])
        code, rules, output = self.lint()
        self.assertEqual((code, rules), (1, {"fmt"}), output)

    def test_says_when_clang_format_is_missing(self):
        (self.root / "empty").mkdir()
        code, rules, output = self.lint(env={"PATH": str(self.root / "empty")})
        self.assertEqual((code, rules), (1, {"format"}), output)
        self.assertIn("run ci/install", output)


class FunctionsTest(unittest.TestCase):
    """Where the reader of braces sees functions: (first line, last line, name)."""

    def test_types_and_namespaces_do_not_count(self):
        code = "namespace a {\nstruct B final : C<int> {\npublic:\n    int f() const {\n        return 1;\n    }\n};\n}\n"
        self.assertEqual(list(cxx.functions(code)), [(4, 6, "f")])

    def test_macro_calls_without_semicolon_do_not_hide_a_scope(self):
        code = 'ISOBATCH_CASE("gpt", B<1>)\nnamespace a {\nint f() {\n}\n}\n'
        self.assertEqual(list(cxx.functions(code)), [(3, 4, "f")])

    def test_constructor_with_braced_members(self):
        code = "A::A(int x)\n    : a_{x},\n      b_{2} {\n    go();\n}\nint c{3};\n"
        self.assertEqual(list(cxx.functions(code)), [(1, 5, "A::A")])

    def test_tables_are_no_functions(self):
        code = "const std::vector<A> table = {\n    {f(1), 2},\n};\nconst A a = make({\n    1,\n});\nint d[] = {\n};\n"
        self.assertEqual(list(cxx.functions(code)), [])

    def test_braces_in_literals_and_comments_do_not_count(self):
        code = "int f() {  // {\n    g('{', \"{\\\"{\", 1'000'000, R\"x({\n)x\");\n    /* {\n */\n}\nint h() {\n}\n"
        self.assertEqual(list(cxx.functions(code)), [(1, 6, "f"), (7, 8, "h")])

    def test_templates_defaults_and_macros(self):
        code = "template <class T = A<B<int>>>\nvoid f(T t = {}, int x = g({1})) {\n}\n#define M(x) {\\\n  {\nTEST(A, b) {\n}\n"
        self.assertEqual(list(cxx.functions(code)), [(1, 3, "f"), (6, 7, "TEST")])

    def test_nested_braces_belong_to_their_function(self):
        code = 'extern "C" {\nvoid f() {\n    auto g = [](int x) { return S{x}; };\n    for (;;) {\n    }\n}\n}\n'
        self.assertEqual(list(cxx.functions(code)), [(2, 6, "f")])


if __name__ == "__main__":
    unittest.main()
