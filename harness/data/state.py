"""Which datasets a data root has, told from its manifest and from which files there are; nothing is read."""

from dataclasses import dataclass
from enum import StrEnum

from harness.data.root import DataRoot
from harness.matrix.datasets import Dataset, Source, Split


class State(StrEnum):
    """Whether a dataset can be asked here."""

    PRESENT = "present"
    PARTIAL = "partial"
    """Some of its configurations are missing."""
    ABSENT = "absent"
    GATED = "gated"
    """Absent, and the hub asks who one is."""
    NO_TASK = "no task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a data root has of a dataset."""

    dataset: Dataset
    state: State
    rows: int | None = None
    """Questions that are here; None where nobody counted them."""
    missing: tuple[str, ...] = ()
    """Configurations of which no question is here."""


def holding(dataset: Dataset, root: DataRoot) -> Holding:
    """What the root has of the dataset's questions."""
    if dataset.source is None:
        return Holding(dataset=dataset, state=State.NO_TASK)
    source = dataset.source
    split = asked(source)
    here = {config: _rows(root, source, split, config) for config in source.configs}
    missing = tuple(config for config, found in here.items() if not found)
    if len(missing) == len(here):
        state = State.GATED if source.gated else State.ABSENT
        return Holding(dataset=dataset, state=state, missing=missing)
    counts = [rows for found in here.values() for rows in found]
    return Holding(
        dataset=dataset,
        state=State.PARTIAL if missing else State.PRESENT,
        rows=None if None in counts else sum(rows for rows in counts if rows is not None),
        missing=missing,
    )


def asked(source: Source) -> Split:
    """The split of which the questions are."""
    return next(split for split in source.splits if split.name == source.asked)


def _rows(root: DataRoot, source: Source, split: Split, config: str) -> list[int | None]:
    """Rows of each file that is there."""
    return [
        file.rows if file else None
        for path, file in root.files(source, split, config)
        if (root.path / path).is_file()
    ]
