"""What the fork server's children find: how many they are, what each may use, what is imported already."""

from contextlib import suppress
from importlib import import_module

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.suite.facts import cpus
from harness.suite.models.classes import find_model_class
from harness.suite.outcomes import Unsupported

PARENT_BYTES = 768 << 20
"""What the parent needs once it has imported every model of the library."""
CHILD_BYTES = 1 << 30
"""A child's share is at least that where memory allows: with less memory, fewer children."""
LEAST_BYTES = 512 << 20
"""With less, no child could do anything; the container's own limit holds all the same."""
WARM = ("transformers.modeling_utils", "transformers.generation")
"""Modules that many children would import."""


def shares(memory_bytes: int | None, threads: int) -> tuple[int, int | None]:
    """How many children at a time, each with that many threads, and the bytes that each may allocate."""
    most = max(1, cpus() // threads)
    if memory_bytes is None:
        return most, None
    room = memory_bytes - PARENT_BYTES
    children = max(1, min(most, room // CHILD_BYTES))
    return children, max(LEAST_BYTES, room // children)


def warm() -> None:
    """Do once what each child would do again, and that computes nothing."""
    for module in WARM:
        import_module(module)
    with suppress(ImportError):  # transformers 4 has none
        conversions = import_module("transformers.conversion_mapping")
        conversions.get_checkpoint_conversion_mapping("")  # compiles a thousand patterns when first asked


def preload(cell: Cell) -> None:
    """Import the module of the cell's model, which its type's other cells share, and compute nothing.

    Code that a checkpoint brings is for its child alone.
    """
    if cell.model.remote_code or cell.suite is Suite.ROOFLINE:
        return
    with suppress(Exception, Unsupported):  # whatever is wrong, the child meets it again and reports it
        find_model_class(cell.model.model_type, cell.model.model_class)
