"""The schemas are schemas, and what they refuse is said so that a person can mend it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.errors import RecordError
from harness.matrix.schema import SCHEMAS, require, validate

REPORT = {"cell": "bert", "outcome": "passed", "started": "2026-11-21T03:15:00Z", "seconds": 1.5}


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_a_schema_is_a_schema(path: Any) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text()))


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _objects(part)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_object_names_its_properties_beside_the_keyword_that_refuses_others(path: Any) -> None:
    """What `harness.matrix.schema._unexpected` rests on; and each property is described, for editors."""
    for schema in _objects(json.loads(path.read_text())):
        if "unevaluatedProperties" in schema:
            assert schema["unevaluatedProperties"] is False
            for name, part in schema["properties"].items():
                assert "description" in part or "$ref" in part or name == "$schema", name


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"outcome": "pased"}, "$.outcome: 'pased' is not one of passed, failed"),
        ({"outcome": "pased"}, "; did you mean 'passed'?"),
        ({"seconds": float("nan")}, "$.seconds: nan is not of type number"),
        ({"seconds": float("inf")}, "$.seconds: inf is not of type number"),
        ({"seconds": 10**400}, "is not of type number"),
        ({"seconds": -1}, "$.seconds: -1 is less than 0"),
        ({"seconds": True}, "$.seconds: True is not of type number"),
        ({"outcom": 1}, "$.outcom: unknown property; did you mean 'outcome'?"),
        ({"outcome": "skipped"}, "$: 'message' is missing"),
        ({"outcome": "oom", "message": ""}, "$.message: holds 0 characters, at least 1"),
        ({"message": "x" * 20_000}, "$.message: holds 20000 characters, at most 16384"),
        ({"checks": [{}] * 65}, "$.checks: holds 65 items, at most 64"),
        ({"metrics": {}}, "$.metrics: {} is not of type array"),
        ({"cell": "../../etc"}, "$.cell: '../../etc' does not fit: A name of the harness"),
        ({"started": "yesterday"}, "$.started: 'yesterday' does not fit: A moment in UTC"),
        ({"facts": {"deep": {"er": {"and": 1}}}}, "$.facts.deep.er:"),
        ({"facts": {str(number): 1 for number in range(200)}}, "$.facts: holds 200 properties, at most 128"),
    ],
)
def test_a_forged_or_broken_report_is_refused_with_its_path(changed: dict[str, Any], expected: str) -> None:
    found = validate("report", REPORT | changed)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize("data", [None, [], 3, "x", [[]] * 1000])
def test_what_is_no_object_is_refused(data: Any) -> None:
    assert len(validate("report", data)) == 1


def test_a_million_items_too_many_are_one_problem() -> None:
    assert validate("report", REPORT | {"checks": [{}] * 1_000_000}) == [
        "$.checks: holds 1000000 items, at most 64"
    ]


def test_what_a_hostile_record_holds_is_shown_short_and_without_escapes() -> None:
    name = "\x1b[31m" + "x" * 10_000
    (problem,) = validate("report", REPORT | {name: 1})
    assert len(problem) < 400
    assert problem.isprintable()


def test_require_is_one_sentence_with_where_and_a_count() -> None:
    broken = REPORT | {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
    with pytest.raises(RecordError) as caught:
        require("report", broken, "line 7 of results.jsonl")
    assert str(caught.value) == (
        "line 7 of results.jsonl is no report record: $.a: unknown property; $.b: unknown property; "
        "$.c: unknown property; and 2 more"
    )


def test_a_newer_version_is_refused() -> None:
    assert validate("cells", {"version": 2, "run": "r", "cells": []}) == [
        "$.version: 2 is not the value known here: 1"
    ]
