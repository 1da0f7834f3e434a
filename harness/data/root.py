"""Data roots: the one that is fetched, the sample of this checkout, or any folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.data.manifest import File, Manifest, read
from harness.errors import DataError
from harness.matrix.datasets import Source, Split
from harness.matrix.questions import SAMPLE

FETCHED = "hub"
"""Name of the data root that is fetched: its rows are the published ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRoot:
    """A folder laid out like the hub's repositories: `openai/gsm8k/main/test-….parquet`."""

    path: Path
    manifest: Manifest | None
    """None where somebody laid it out by hand."""

    @property
    def name(self) -> str:
        """What scores on it are of; those of a folder without a manifest are nobody's but its owner's."""
        return self.manifest.name if self.manifest else f"own-{self.path.resolve().name}"

    def files(self, source: Source, split: Split, config: str) -> Iterator[tuple[str, File | None]]:
        """Path below the root of each file that has rows of that split, with what the manifest says of it."""
        if self.manifest is not None:
            for path, file in self.manifest.of(source.repo):
                if (file.config, file.split) == (config, split.name):
                    yield path, file
            return
        pattern = split.pattern(config).replace("-*", "*")
        for found in sorted((self.path / source.repo).glob(pattern)):
            if found.is_file():
                yield found.relative_to(self.path).as_posix(), None


def data_root(given: str | None, checkout: Path) -> DataRoot:
    """The root that `--data` names: sample, a folder, or what was fetched into this checkout.

    DataError where there is no such folder, or where its manifest cannot be one. Nothing need have been
    fetched: then the root is empty, whatever an interrupted fetch left in it.
    """
    path = fetched_root(checkout) if given is None else _named(given, checkout)
    if given is not None and not path.is_dir():
        raise DataError(
            f"there is no folder {path}: name one that is laid out like the hub's repositories, or sample"
        )
    empty = Manifest(name=FETCHED) if given is None else None
    return DataRoot(path=path, manifest=read(path) or empty)


def fetched_root(checkout: Path) -> Path:
    """Where data is fetched to where nothing else is said."""
    return checkout / ".harness" / "data"


def _named(given: str, checkout: Path) -> Path:
    return checkout / "data" / SAMPLE if given == SAMPLE else Path(given).expanduser()
