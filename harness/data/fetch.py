"""Datasets, fetched from the hub into a data root: the files that tasks read, checked, the manifest last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harness.data.card import README, card
from harness.data.check import digest
from harness.data.hub import GIVEN, Order, Repo, download, holds
from harness.data.manifest import File, Manifest, read, write
from harness.data.room import alone, left, require_room
from harness.data.root import FETCHED
from harness.data.rows import rows as rows_of
from harness.errors import DataError
from harness.images.hostenv import Tell
from harness.matrix.datasets import Dataset, Source

PARTS = ".partial"
"""Folder of the data root for files that are not whole yet: a pattern of a task must not find them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that a dataset's task reads."""

    dataset: Dataset
    config: str
    split: str
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be fetched, and from which repositories nothing can be had."""

    folder: Path
    wanted: tuple[Wanted, ...]
    repos: dict[str, Repo]
    """Id of a dataset → its repository."""

    @property
    def refused(self) -> dict[str, Repo]:
        """Those of which no file can be had."""
        return {name: repo for name, repo in self.repos.items() if repo.status not in GIVEN}

    def left(self, dataset: str | None = None) -> int:
        """Bytes that are still to come, of one dataset or of all."""
        return left(row.order for row in self.wanted if dataset in (None, row.dataset.id))


def plan(datasets: Sequence[Dataset], folder: Path, python: Path) -> Plan:
    """Ask the hub what there is of the datasets, each of which has a source.

    DataError where a repository is not laid out as its row says, or the folder is another's.
    """
    _require_own(folder)
    sources = [(row, row.source) for row in datasets if row.source is not None]
    found = holds(python, [(source.repo, "dataset", source.revision) for _, source in sources])
    wanted = [
        one
        for (row, source), repo in zip(sources, found, strict=True)
        if repo.status in GIVEN
        for one in _wanted(row, source, repo, folder)
    ]
    repos = {row.id: repo for (row, _), repo in zip(sources, found, strict=True)}
    return Plan(folder=folder, wanted=tuple(wanted), repos=repos)


def fetch(found: Plan, python: Path, tell: Tell) -> None:
    """Fetch what is planned; what was fetched before and is still so is left as it is.

    DataError where the disk has no room, or a file cannot be had: then the manifest is as it was, and what
    was fetched is there for the next time.
    """
    with alone(found.folder / PARTS / "lock", tell):
        require_room(found.left(), found.folder, "name a folder on another disk with --data")
        counted = download(python, list({row.order.to: row.order for row in found.wanted}.values()))
        files = _placed(found, counted)
        for repo in {row.order.repo.id for row in found.wanted}:
            files |= _carded(found.folder, repo, files)
        write(found.folder, Manifest(name=FETCHED, files=files))


def _placed(found: Plan, counted: Mapping[str, int | None]) -> dict[str, File]:
    """The entries of the manifest: those of before, and in place of a split's those that were fetched."""
    before = _require_own(found.folder)
    files = dict(before.files) if before else {}
    for row in found.wanted:
        files = {path: file for path, file in files.items() if not _replaced(path, file, row)}
    for row in found.wanted:
        path = row.order.to.relative_to(found.folder).as_posix()
        files[path] = File(
            sha256=row.order.file.sha256 or digest(row.order.to),
            rows=_rows(row.order.to, counted[str(row.order.to)]),
            dataset=row.dataset.id,
            config=row.config,
            split=row.split,
            commit=row.order.repo.commit,
        )
    return files


def _wanted(dataset: Dataset, source: Source, repo: Repo, folder: Path) -> Iterator[Wanted]:
    """The repository's files that the task reads: at least one of each configuration and split."""
    for config in source.configs:
        for split in source.splits:
            pattern = split.pattern(config)
            files = [file for file in repo.files if fnmatchcase(file.path, pattern)]
            if not files:
                raise DataError(
                    f"{repo.id} has no file {pattern} on the hub: it was laid out anew, so mend the source "
                    f"of {dataset.id!r} in matrix.json"
                )
            for file in files:
                order = Order(
                    repo=repo,
                    file=file,
                    to=folder / repo.id / file.path,
                    part=folder / PARTS / repo.id / f"{file.path}.{file.blob[:12]}",
                )
                yield Wanted(dataset=dataset, config=config, split=split.name, order=order)


def _require_own(folder: Path) -> Manifest | None:
    """The manifest of what was fetched there; DataError where the rows there are not the hub's."""
    found = read(folder)
    if found is not None and found.name != FETCHED:
        raise DataError(
            f"{folder} holds the data {found.name!r}, which is not the hub's: name another folder with --data"
        )
    return found


def _replaced(path: str, file: File, row: Wanted) -> bool:
    """Whether an entry of before is of the split that was fetched now."""
    same = (file.config, file.split) == (row.config, row.split)
    return same and path.startswith(f"{row.order.repo.id}/")


def _rows(path: Path, counted: int | None) -> int | None:
    """Rows of a file: those of Parquet were counted where there is pyarrow."""
    found = rows_of(path)
    return counted if found is None else sum(row.problem is None for row in found)


def _carded(folder: Path, repo: str, files: dict[str, File]) -> dict[str, File]:
    """Write the card that says which file is of which configuration; its entry in the manifest."""
    path = f"{repo}/{README}"
    (folder / path).write_text(card(repo, files), "utf-8")
    return {path: File(sha256=digest(folder / path))}
