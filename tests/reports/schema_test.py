#!/usr/bin/env python3
"""Holds reports/result.schema.json against what isobatch writes, in both directions.

usage: schema_test.py PROGRAM

PROGRAM writes result files into the folder that it is given (tests/reports/example_results.cpp). Every one of them has to be valid,
and between them they have to use every property, every word and every alternative of the schema: it says no more than what is so.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "reports" / "result.schema.json"
ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of(kind, value):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


class Validator:
    """The keywords of JSON Schema 2020-12 that the schema uses; any other keyword is an error of the schema."""

    def __init__(self, schema):
        self.schema = schema
        self.used = set()  # (path in the schema, what was met there)

    def problems(self, value):
        return self._problems(value, self.schema, "#", "result")

    def resolve(self, reference):
        part = self.schema
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]
        return part

    def _problems(self, value, schema, path, place):
        found = []
        for keyword, argument in schema.items():
            if keyword in ANNOTATIONS:
                continue
            check = getattr(self, "_" + keyword.replace("$", ""), None)
            if check is None:
                raise ValueError(f"{path} uses the keyword {keyword}, which this validator does not know")
            found += check(argument, value, schema, path, place)
        return found

    def _ref(self, argument, value, _schema, _path, place):
        return self._problems(value, self.resolve(argument), argument, place)

    def _type(self, argument, value, _schema, _path, place):
        return [] if is_of(argument, value) else [f"{place}: expected {argument}, found {value!r:.80}"]

    def _const(self, argument, value, _schema, _path, place):
        return [] if value == argument and type(value) is type(argument) else [f"{place}: expected {argument!r}, found {value!r:.80}"]

    def _enum(self, argument, value, _schema, path, place):
        for word in argument:
            if value == word and type(value) is type(word):
                self.used.add((path, word))
                return []
        return [f"{place}: {value!r:.80} is none of {argument}"]

    def _anyOf(self, argument, value, _schema, path, place):
        found = []
        for number, choice in enumerate(argument):
            problems = self._problems(value, choice, f"{path}/{number}", place)
            if not problems:
                self.used.add((path, number))
                return []
            found += problems
        return found

    def _items(self, argument, value, _schema, path, place):
        if not isinstance(value, list):
            return []
        return [problem for number, item in enumerate(value) for problem in self._problems(item, argument, path + "/items", f"{place}[{number}]")]

    def _properties(self, argument, value, _schema, path, place):
        found = []
        for name, item in value.items() if isinstance(value, dict) else ():
            if name in argument:
                self.used.add((path, name))
                found += self._problems(item, argument[name], f"{path}/{name}", f"{place}.{name}")
        return found

    def _required(self, argument, value, _schema, _path, place):
        return [f"{place}: {name} is missing" for name in argument if isinstance(value, dict) and name not in value]

    def _additionalProperties(self, argument, value, schema, _path, place):
        if argument is not False:
            raise ValueError("additionalProperties is only known as false")
        extra = set(value) - set(schema["properties"]) if isinstance(value, dict) else ()
        return [f"{place}: {name} is not known" for name in sorted(extra)]


def parts_of(schema, path="#"):
    """Every subschema with its path, as the validator names them."""
    yield path, schema
    for name, part in schema.get("$defs", {}).items():
        yield from parts_of(part, f"#/$defs/{name}")
    for name, part in schema.get("properties", {}).items():
        yield from parts_of(part, f"{path}/{name}")
    for number, part in enumerate(schema.get("anyOf", ())):
        yield from parts_of(part, f"{path}/{number}")
    if "items" in schema:
        yield from parts_of(schema["items"], f"{path}/items")


def everything_of(schema):
    """What a validator can have used."""
    for path, part in parts_of(schema):
        for name in part.get("properties", ()):
            yield path, name
        for word in part.get("enum", ()):
            yield path, word
        for number in range(len(part.get("anyOf", ()))):
            yield path, number


def places_of(value, path=()):
    """The path of every value in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places_of(item, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def thin(value):
    """The document with one item of every list: the same kinds of places, fewer of each."""
    if isinstance(value, list):
        return [thin(item) for item in value[:1]]
    return {key: thin(item) for key, item in value.items()} if isinstance(value, dict) else value


def changed(document, path, value):
    document = copy.deepcopy(document)
    at(document, path[:-1])[path[-1]] = value
    return document


class SchemaTest(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([cls.program, folder], check=True)
            cls.results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(pathlib.Path(folder).glob("*.json"))}

        small = copy.deepcopy(cls.results["small"])
        small["records"].sort(key=lambda record: not record["evidence"]["windows"])  # the one with weights first
        cls.small = thin(small)

    def problems(self, document):
        return Validator(self.schema).problems(document)

    def test_every_result_is_valid(self):
        self.assertGreaterEqual(len(self.results), 6)
        for name, result in self.results.items():
            with self.subTest(name):
                self.assertEqual(self.problems(result), [])

    def test_the_schema_says_nothing_that_is_never_written(self):
        validator = Validator(self.schema)
        for result in self.results.values():
            validator.problems(result)
        self.assertEqual([part for part in everything_of(self.schema) if part not in validator.used], [])

    def test_every_object_is_closed_and_every_field_described(self):
        for path, part in parts_of(self.schema):
            with self.subTest(path):
                if part.get("type") == "object":
                    self.assertIs(part["additionalProperties"], False)
                    self.assertTrue(part["description"])
                    self.assertLessEqual(set(part["required"]), set(part["properties"]))
                for name, item in part.get("properties", {}).items():
                    self.assertGreater(len(item.get("description", "")), 8, name)

    def test_only_times_and_the_unit_of_a_whole_sample_may_be_missing(self):
        optional = {(path, name) for path, part in parts_of(self.schema) for name in part.get("properties", ()) if name not in part["required"]}
        self.assertEqual(optional, {("#/$defs/record", "cost"), ("#/$defs/part", "unit")})

    def test_a_missing_field_is_seen_everywhere(self):
        small = self.small
        for path in places_of(small):
            if path and isinstance(path[-1], str) and path[-1] != "cost":
                document = copy.deepcopy(small)
                del at(document, path[:-1])[path[-1]]
                self.assertTrue(any(problem.endswith(f"{path[-1]} is missing") for problem in self.problems(document)), path)

    def test_an_extra_field_is_seen_everywhere(self):
        small = self.small
        for path in places_of(small):
            if isinstance(at(small, path), dict):
                document = changed(small, path + ("extra",), 1)
                self.assertTrue(any(problem.endswith("extra is not known") for problem in self.problems(document)), path)

    def test_a_wrong_type_is_seen_everywhere(self):
        small = self.small
        for path in places_of(small):
            for wrong in ({"no": 1}, ["no", {}], False, None, "\0", -0.5):
                same_type = type(at(small, path)) is type(wrong) or (at(small, path) in ("nan", "inf", "-inf") and wrong == -0.5)
                may_be_null = wrong is None and path and path[-1] in ("first", "worst", "contract", "loss", "truth", "narrow")
                if path and not same_type and not may_be_null:
                    self.assertTrue(self.problems(changed(small, path, wrong)), (path, wrong))

    def test_a_wrong_word_is_seen(self):
        small = self.small
        for path, wrong in (
            (("schema",), "isobatch-result/2"),
            (("outcome",), "perfect"),
            (("exit_code",), 2),
            (("exit_code",), True),
            (("records", 0, "verdict", "outcome"), "Identical"),
            (("records", 0, "verdict", "checks", 0, "check"), "gradient"),
            (("records", 0, "verdict", "tested", 0), "clip"),
            (("records", 0, "contract", "weighting"), "token_mean"),
            (("records", 0, "verdict", "margin"), "NaN"),
            (("records", 0, "verdict", "margin"), "infinity"),
            (("records", 0, "evidence", "windows", 0, "step"), 1.5),
            (("claims", 0, "claim"), ""),
            (("allowed_untested", 0), "everything"),
            (("findings", 0, "causes", 0), "bug"),
            (("findings", 0, "rivals", 0, "cause"), None),
        ):
            with self.subTest(path=path, wrong=wrong):
                self.assertTrue(self.problems(changed(small, path, wrong)))

    def test_an_unknown_keyword_of_the_schema_is_no_silent_pass(self):
        with self.assertRaises(ValueError):
            Validator({"minimum": 3}).problems(1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    SchemaTest.program = sys.argv.pop(1)
    unittest.main()
