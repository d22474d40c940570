"""The rules of ci/lint. A module of rules has check(tree), which yields a Breach for everything that it finds."""
