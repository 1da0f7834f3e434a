"""The table of docs/fit.md is what is computed."""

import re
from pathlib import Path

import pytest

from harness.matrix.records import Matrix, Model
from harness.results.accelerators import ACCELERATORS
from harness.results.fit import Needs, fit
from harness.suite.fit.sheet import sheet

(H100,) = (row for row in ACCELERATORS if row.name == "H100")
TEXT = (Path(__file__).parents[3] / "docs" / "fit.md").read_text()
TABLE = {
    cells[0].strip(" `"): [cell.strip() for cell in cells[1:]]
    for line in TEXT.splitlines()
    if re.match(r"\| `", line) and (cells := line.strip("|").split("|"))
}


@pytest.mark.parametrize("name", TABLE)
def test_a_row_of_the_guide_is_what_is_computed(rows: dict[str, Model], name: str) -> None:
    found = sheet(rows[name])
    needs = Needs(found, "bfloat16")
    total, asked, size, _, *placed = TABLE[name]
    assert f"{found.parameters.total:,}" == total
    assert f"{needs.weights / 1e9:.1f}" == size
    assert float(asked) == pytest.approx(float(size), rel=0.02)
    short, whole = (fit(needs, H100, context) for context in (4096, needs.positions))
    assert [str(found) for found in (short.devices, short.batch, whole.devices)] == placed


@pytest.mark.parametrize(("name", "tokens"), [("llama31_70b", "15,992"), ("llama32_vision_90b", "104,663")])
def test_the_longest_contexts_that_are_named_are_what_is_computed(
    rows: dict[str, Model], name: str, tokens: str
) -> None:
    found = fit(Needs(sheet(rows[name]), "bfloat16"), H100, 4096)
    assert f"{found.context:,}" == tokens
    assert tokens in TEXT


def test_every_row_that_was_asked_for_is_there(matrix: Matrix) -> None:
    assert TABLE.keys() == {row.id for row in matrix.registry.entries if row.gpus}
