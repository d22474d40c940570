"""A project of its own uses what `cmake --install` left: finds the package, brings a model and a trainer, and obeys the verdicts.

usage: consumer_test.py BUILD_FOLDER TORCH
"""
import os, shutil, subprocess, sys, tempfile, unittest

BUILD, TORCH = sys.argv.pop(1), sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "..", "..", "README.md")


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="isobatch-consumer-")
        cls.run_in(cls.home, "cmake", "--install", BUILD, "--prefix", os.path.join(cls.home, "first"))
        os.rename(os.path.join(cls.home, "first"), os.path.join(cls.home, "moved"))  # wherever it lies

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    @staticmethod
    def run_in(folder, *words, expected=0):
        program = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
        if program.returncode != expected:
            raise AssertionError(f"{' '.join(words)} ended with {program.returncode}:\n{program.stdout}")
        return program.stdout

    def configured(self, name, *words):
        folder = os.path.join(self.home, name)
        self.run_in(HERE, "cmake", "-S", "project", "-B", folder, "-DCMAKE_PREFIX_PATH=" + os.path.join(self.home, "moved"), "-DISOBATCH_TORCH=" + TORCH, *words)
        return folder

    def test_a_project_builds_its_cases_and_its_trainer_and_all_are_green(self):
        folder = self.configured("right")
        self.run_in(folder, "cmake", "--build", ".", "-j2")
        said = self.run_in(folder, "ctest", "--verbose")
        for name in ("my_cases.tower.serial.fp64", "my_cases.tower.gloo.fp64", "trainer"):
            self.assertRegex(said, rf"{name} \.+ +Passed")
            self.assertTrue(os.path.exists(os.path.join(folder, "isobatch", name, "index.html")))
        self.assertIn("All 9 splits train like the single large batch.", said)
        self.assertRegex(said, r"my_tests \.+ +Passed")
        self.assertIn("[       OK ] Tower.TrainsAlikeUnderEverySplit", said)
        self.assertIn("training", self.run_in(folder, "ctest", "--print-labels"))
        # The same trainer with its bug: only the trainer is built anew.
        self.run_in(folder, "cmake", "-DCMAKE_CXX_FLAGS=-DMEAN_OF_MEANS", ".")
        self.run_in(folder, "cmake", "--build", ".", "--target", "my_trainer")
        said = self.run_in(folder, "ctest", "--verbose", "-R", "^trainer$", expected=8)
        self.assertIn("trainer differently from the single large batch", said.replace("train differently", "trainer differently"))
        self.assertIn("token-mean-of-means", said)

    def test_the_build_tree_is_a_package_too(self):
        folder = os.path.join(self.home, "beside")
        self.run_in(HERE, "cmake", "-S", "project", "-B", folder, "-Disobatch_DIR=" + BUILD, "-DISOBATCH_TORCH=" + TORCH)
        self.run_in(folder, "cmake", "--build", ".", "-j2", "--target", "my_cases", "my_trainer")
        said = self.run_in(folder, "ctest", "--verbose", "-R", "^trainer$|tower.serial")
        self.assertIn("100% tests passed, 0 tests failed out of 2", said)

    def test_the_kernels_are_a_component(self):
        folder = tempfile.mkdtemp(dir=self.home)
        with open(os.path.join(folder, "main.cpp"), "w", encoding="utf-8") as file:
            file.write('#include <cstdio>\n#include "cuda/gaps.h"\nint main() { std::printf("unavailable: %s\\n", isobatch::cuda::why_unavailable().c_str()); }\n')
        with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("cmake_minimum_required(VERSION 3.24)\nproject(a LANGUAGES CXX)\ninclude(CheckLanguage)\ncheck_language(CUDA)\nif(CMAKE_CUDA_COMPILER)\n  enable_language(CUDA)\nendif()\n"
                       "find_package(isobatch REQUIRED COMPONENTS cuda)\nadd_executable(a main.cpp)\ntarget_compile_features(a PRIVATE cxx_std_20)\ntarget_link_libraries(a PRIVATE isobatch::cuda)\n")
        self.run_in(folder, "cmake", "-S", ".", "-B", "build", "-DCMAKE_PREFIX_PATH=" + os.path.join(self.home, "moved"))
        self.run_in(folder, "cmake", "--build", "build")
        self.assertRegex(self.run_in(folder, "build/a"), "^unavailable: ")

    def test_the_readme_shows_this_project(self):
        with open(os.path.join(HERE, "project", "CMakeLists.txt"), encoding="utf-8") as file:
            lines = [line.strip() for line in file if line.startswith(("find_package", "isobatch_", "target_link"))]
        with open(README, encoding="utf-8") as file:
            readme = file.read()
        for line in lines:
            self.assertIn(line, readme)

    def test_what_is_missing_is_said(self):
        for text, sentence in (("isobatch_add_cases(a SOURCES tower.cpp)", "give SOURCES, CASES and EFFECTIVE"), ("isobatch_add_trainer(a COMMAND b)", "give SPLITS and COMMAND")):
            folder = tempfile.mkdtemp(dir=self.home)
            with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
                file.write("cmake_minimum_required(VERSION 3.24)\nproject(a LANGUAGES NONE)\nenable_testing()\nfind_package(isobatch REQUIRED COMPONENTS core)\n" + text + "\n")
            said = self.run_in(folder, "cmake", "-S", ".", "-B", "build", "-DCMAKE_PREFIX_PATH=" + os.path.join(self.home, "moved"), expected=1)
            self.assertIn(sentence, " ".join(said.split()))


if __name__ == "__main__":
    unittest.main()
