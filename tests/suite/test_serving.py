"""The run loop and its children: what each may use, and which tests a cell gets."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.cells import Cell
from harness.suite.facts import cpus
from harness.suite.room import CHILD_BYTES, LEAST_BYTES, PARENT_BYTES, shares

GIB = 1 << 30
Ran = Callable[..., dict[str, dict[str, Any]]]


@given(
    memory=st.integers(min_value=PARENT_BYTES + LEAST_BYTES, max_value=1 << 45), threads=st.integers(1, 64)
)
def test_children_and_parent_together_stay_within_the_limit(memory: int, threads: int) -> None:
    children, each = shares(memory, threads)
    assert each is not None
    assert 1 <= children <= max(1, cpus() // threads)
    assert PARENT_BYTES + children * each <= memory
    assert children == 1 or each >= CHILD_BYTES


def test_without_a_limit_there_is_none_for_a_child() -> None:
    assert shares(None, 1) == (cpus(), None)


@given(memory=st.integers(min_value=1, max_value=PARENT_BYTES + LEAST_BYTES))
def test_with_next_to_nothing_one_child_may_try(memory: int) -> None:
    assert shares(memory, 1) == (1, LEAST_BYTES)


@pytest.fixture
def ran(tmp_path: Path) -> Ran:
    """Runs the suite as a runner does, with further options of pytest's, and gives the reports by cell."""

    def run(
        cells: Sequence[Cell], options: str = "", memory_bytes: int = 3 * GIB
    ) -> dict[str, dict[str, Any]]:
        order = {
            "version": 1,
            "run": "run",
            "limits": {"memory_bytes": memory_bytes, "cpus": None},
            "cells": [cell.to_json() for cell in cells],
        }
        (tmp_path / "cells.json").write_text(json.dumps(order))
        subprocess.run(
            [sys.executable, "-m", "harness.suite", str(tmp_path / "cells.json"), str(tmp_path)],
            env=os.environ | {"PYTEST_ADDOPTS": options},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=True,
        )
        rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
        return {row["cell"]: row for row in rows}

    return run


def names(report: dict[str, Any]) -> list[str]:
    return [check["name"] for check in report["checks"]]


def test_a_choice_of_tests_is_heeded_in_a_child(ran: Ran, make_cell: Callable[..., Cell]) -> None:
    report = ran([make_cell("bert")], "-k save_load").popitem()[1]
    assert (report["outcome"], names(report)) == ("passed", ["save_load"])


def test_with_a_debugger_no_child_is_forked_and_the_outcome_is_the_same(
    ran: Ran, make_cell: Callable[..., Cell]
) -> None:
    report = ran([make_cell("bert")], "--pdb -k 'construct or save_load'").popitem()[1]
    assert (report["outcome"], names(report)) == ("passed", ["construct", "save_load"])
    assert "peak_memory_bytes" not in report["facts"]


@pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux alone")
def test_a_child_says_what_it_took(ran: Ran, make_cell: Callable[..., Cell]) -> None:
    facts = ran([make_cell("bert")], "-k construct").popitem()[1]["facts"]
    assert facts["peak_memory_bytes"] > 0
    assert facts["cpu_s"] > 0


def test_after_the_first_failure_nothing_more_begins(ran: Ran, make_cell: Callable[..., Cell]) -> None:
    good = make_cell("bert")
    bad = replace(good, id="bad", model=replace(good.model, classes=("NoSuchModel",)))
    wrong = replace(make_cell("gpt2", {"activation_function": "nonsense"}), id="wrong")
    found = ran([bad, wrong, good], "-x -k construct", memory_bytes=GIB)  # one child at a time
    assert {cell: report["outcome"] for cell, report in found.items()} == {
        "bad": "unsupported",
        "wrong": "failed",
    }
