"""What models answered, taken in from an attempt: `answers/<cell>.jsonl` of the run, and `samples/` beside.

A later attempt at the same cell finds the answers so far, read-only, and asks nothing twice; the samples are
for people, and say of each question what was expected, answered and scored.
"""

from collections.abc import Collection
from pathlib import Path

from harness.files import replace
from harness.runners import hostile
from harness.runners.given import ANSWERS, Given
from harness.runners.protocol import MIB, Order

SAMPLES = "samples"
CELL_BYTES = 128 * MIB
"""Of each of the two files of a cell."""
READABLE = 0o644


def folder_of(run: Path) -> Given:
    """The run's answers, as an attempt is given them; the folder is made."""
    folder = run / ANSWERS
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the container's user reads it, whatever the caller's umask
    return Given(name=ANSWERS, folder=str(folder))


def allowance(order: Order, cells: int) -> int:
    """Bytes of output that so many cells may leave beyond what others may."""
    return cells * 2 * CELL_BYTES if any(row.name == ANSWERS for row in order.given) else 0


def keep(order: Order, cells: Collection[str]) -> tuple[str, ...]:
    """Take in what the attempt's cells have left; what was refused, each in a sentence."""
    refused = []
    for cell in cells:
        for kind in (ANSWERS, SAMPLES):
            source, target = order.out / kind / f"{cell}.jsonl", order.folder / kind / f"{cell}.jsonl"
            if source.parent.is_symlink():
                continue
            try:
                new = hostile.read(source, CELL_BYTES)
            except FileNotFoundError:
                continue
            except hostile.Refused as refusal:
                refused.append(f"{kind}/{cell}.jsonl of {order.name} {refusal}")
                continue
            target.parent.mkdir(exist_ok=True)
            replace(target, _joined(target, new) if kind == ANSWERS else new, mode=READABLE)
    return tuple(refused)


def _joined(target: Path, new: bytes) -> bytes:
    """What is there and what is new; a last line that a kill has torn is left out."""
    whole = new[: new.rfind(b"\n") + 1]
    return (target.read_bytes() if target.is_file() else b"") + whole
