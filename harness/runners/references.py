"""References of parity checks, kept between runs: `.harness/references/`, one file a model and question.

They are computed by code that is not trusted, so that a file is taken only under the name of a cell of its
own attempt, and never from code that a checkpoint brings. What a file was made of stands in it, and the
suite makes it anew where that is anything else.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from harness.files import replace
from harness.matrix.cells import Cell
from harness.runners import hostile
from harness.runners.given import REFERENCES, Given
from harness.runners.protocol import MIB, Order

MADE = REFERENCES
"""The folder of an attempt's output that holds new ones."""
MOST_BYTES = 2 * MIB
"""Of one file; the suite keeps those of up to one."""
CELL_BYTES = 8 * MIB
"""Of all that a cell may leave of them."""
QUESTION = re.compile(r"(outputs|spread-[a-z0-9]{1,20})-[0-9]\.safetensors")
READABLE = 0o644


def folder_of(root: Path) -> Given:
    """Where references are kept, as an attempt is given them; the folder is made."""
    folder = root / ".harness" / "references"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the container's user reads it, whatever the caller's umask
    return Given(name=REFERENCES, folder=str(folder))


def keep(order: Order, cells: Sequence[Cell]) -> tuple[str, ...]:
    """Take in what the attempt has made; what was refused, each in a sentence."""
    made = order.out / MADE
    if order.references is None or made.is_symlink() or not made.is_dir():
        return ()
    stems = {f"{c.model.id}-{c.model.model_class}-s{c.parameters.seed}-" for c in cells}
    refused = []
    with os.scandir(made) as entries:
        for entry in entries:
            stem = next((stem for stem in stems if entry.name.startswith(stem)), None)
            if stem is None or not QUESTION.fullmatch(entry.name[len(stem) :]):
                continue  # half written when it was killed, or none of ours
            try:
                content = hostile.read(made / entry.name, MOST_BYTES)
            except hostile.Refused as refusal:
                refused.append(f"{MADE}/{entry.name} of {order.name} {refusal}")
            else:
                replace(Path(order.references) / entry.name, content, mode=READABLE)
    return tuple(refused)
