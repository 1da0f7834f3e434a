"""The registry's counts are those of the library's own modules."""

from harness.matrix.records import Matrix, Model
from harness.results.sheet import Counted
from harness.suite.fit.parameters import counted
from harness.suite.fit.skeleton import skeleton

STORED = {None: "bfloat16", "awq": "int4", "fp8": "float8"}
"""How a checkpoint is stored → the format that it is counted in."""


def test_parameters_and_bytes_are_what_is_counted_and_contexts_what_the_configuration_says(
    matrix: Matrix, rows: dict[str, Model]
) -> None:
    known: dict[str, tuple[Counted, int | None]] = {}
    wrong = []
    for entry in matrix.registry.entries:
        if entry.parameters is None:
            continue
        found, positions = _counted(rows[entry.row], known)
        right = (
            found.total,
            None if found.active == found.total else found.active,
            found.bytes(STORED[entry.quantisation]),
            positions or entry.context,
        )
        if right != (entry.parameters, entry.active, entry.bytes, entry.context):
            wrong.append((entry.id, *right))
    assert not wrong


def _counted(row: Model, known: dict[str, tuple[Counted, int | None]]) -> tuple[Counted, int | None]:
    """A row's counts and positions; of rows that are alike once."""
    assert row.checkpoint is not None
    key = f"{row.model_class} {row.checkpoint.config}"
    if key not in known:
        built = skeleton(row)
        positions = getattr(built.config.get_text_config(), "max_position_embeddings", None)
        known[key] = counted(built), positions
    return known[key]
