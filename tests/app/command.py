"""A command as a user types it: exit code, standard output and error, in a folder of its own."""
import pathlib
import subprocess
import sys
import tempfile
import unittest


class CommandTest(unittest.TestCase):
    isobatch = examples = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def run_command(self, *words):
        """Standard output of a command that ends with 0."""
        ended = subprocess.run([self.isobatch, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def refuse(self, *words):
        """What a command says that ends with 2 and prints nothing."""
        ended = subprocess.run([self.isobatch, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 2, ended.stdout)
        return ended.stderr


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: NAME_test.py ISOBATCH EXAMPLES")
    CommandTest.examples = str(pathlib.Path(sys.argv.pop(2)).resolve())
    CommandTest.isobatch = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
