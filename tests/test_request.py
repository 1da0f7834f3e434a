"""What is planned of what was typed, before anything is built."""

from pathlib import Path

import pytest

from harness.machine import processors
from harness.matrix.cells import Parameters
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection
from harness.request import Request, planned_of


def test_where_the_system_does_not_tell_which_cpus_are_ours_one_process_has_a_place(
    matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "usable", tuple)  # as on macOS
    request = Request(
        suite=Suite.FUNCTIONAL,
        device="cpu",
        selection=Selection(models=("bert",)),
        sweep=(Parameters(threads=1),),
    )
    assert planned_of(matrix, tmp_path, request).cells
