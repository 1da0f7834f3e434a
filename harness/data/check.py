"""Whether what a data root has of a dataset is whole: files, checksums, counts, fields, every line."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.data.manifest import File
from harness.data.root import FETCHED, DataRoot
from harness.data.rows import PARQUET, cut_short, rows
from harness.data.state import Holding, State, holding
from harness.matrix.datasets import Dataset, Source

LISTED = 20
"""Broken lines of a file that are each told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found of a dataset in a data root."""

    holding: Holding
    rows: dict[str, int | None] = field(default_factory=dict)
    """Split → rows; None where a file's could not be counted."""
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Everything of it is here, and nothing is wrong with it."""
        return self.holding.state is State.PRESENT and not self.problems


class Read(NamedTuple):
    """What was read of a file."""

    rows: int | None
    """None where they could not be counted."""
    problems: list[str]


def check(dataset: Dataset, root: DataRoot) -> Checked:
    """Read every file of the dataset's that the root has."""
    held = holding(dataset, root)
    source = dataset.source
    if source is None or held.state in (State.ABSENT, State.GATED):
        return Checked(holding=held)
    problems = [f"no question of {source.repo} {config} is here" for config in held.missing]
    counts: dict[str, int | None] = {}
    for split in source.splits:
        files = [found for config in source.configs for found in root.files(source, split, config)]
        read = [_file(root.path / path, path, said, source) for path, said in files]
        problems += [problem for found in read for problem in found.problems]
        known = [found.rows for found in read if found.rows is not None]
        if read:
            counts[split.name] = sum(known) if len(known) == len(read) else None
    problems += _official(source, root, counts)
    return Checked(holding=held, rows=counts, problems=tuple(problems))


def digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal; OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file(path: Path, name: str, said: File | None, source: Source) -> Read:
    """A file held against the manifest, and its rows against what the task reads."""
    try:
        if path.suffix == PARQUET:
            rows, problems = _parquet(path, name, said)
        else:
            rows, problems = _lines(path, name, source)
        if said and digest(path) != said.sha256:
            problems.insert(0, f"{name} is not what manifest.json says: its checksum differs")
    except OSError as error:
        return Read(None, [f"{name} cannot be read: {error.strerror}"])
    if said and None not in (said.rows, rows) and rows != said.rows:
        problems.append(f"{name} has {rows:,} rows where manifest.json says {said.rows:,}")
    return Read(rows, problems)


def _parquet(path: Path, name: str, said: File | None) -> Read:
    """Rows as the manifest has them: only pyarrow reads them, and the checksum stands for them here."""
    short = [f"{name} is no Parquet file, or was cut short"] if cut_short(path) else []
    return Read(said.rows if said else None, short)


def _lines(path: Path, name: str, source: Source) -> Read:
    """The rows that can be read, and each line that is none or lacks a field."""
    found = rows(path)
    if found is None:
        return Read(None, [f"{name} is of a kind that is not read: use .jsonl, .json, .csv or .parquet"])
    counted, wrong = 0, []
    for row in found:
        counted += row.problem is None
        lacking = [field for field in source.fields if field not in row.value]
        told = row.problem or (f"it has no field {', '.join(lacking)}" if lacking else None)
        if told:
            wrong.append(f"{name} line {row.line}: {told}")
    if not counted and not wrong:
        wrong.append(f"{name} has no rows")
    if len(wrong) > LISTED:
        wrong[LISTED:] = [f"{name}: {len(wrong) - LISTED} more lines like these"]
    return Read(counted, wrong)


def _official(source: Source, root: DataRoot, counts: dict[str, int | None]) -> Iterator[str]:
    """Where published rows are not as many as their makers give."""
    if root.name != FETCHED:
        return
    for split in source.splits:
        found = counts.get(split.name)
        if None not in (split.rows, found) and found != split.rows:
            yield f"{source.repo} {split.name} has {found:,} rows where its makers give {split.rows:,}"
