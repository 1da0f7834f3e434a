"""What a data root says of its files: `manifest.json`, written last, so that what it names was whole once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.errors import DataError
from harness.files import replace
from harness.matrix.proven import is_proven, remember

MANIFEST = "manifest.json"
VERSION = 1
SHOWN = 3
"""Problems of a manifest that are spelled out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a data root, as the manifest has it."""

    sha256: str
    rows: int | None = None
    """None where it has none, or where they were not counted."""
    dataset: str | None = None
    """Id of the dataset that it was made or fetched for; another may read it too."""
    config: str | None = None
    split: str | None = None
    commit: str | None = None
    """Of the repository that it was fetched from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The name of a data root and its files, by their path below it."""

    name: str
    files: Mapping[str, File] = field(default_factory=dict)

    def of(self, repo: str) -> Iterator[tuple[str, File]]:
        """Path and file of each that is the repository's."""
        return ((path, file) for path, file in self.files.items() if path.startswith(f"{repo}/"))


def read(folder: Path) -> Manifest | None:
    """The manifest of a data root, None where it has none; DataError where it cannot be one."""
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
        data = json.loads(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read ({_first(error)}): mend it, or fetch the data anew"
        ) from error
    if not is_proven(text):
        _require(data, path)
        remember(text)
    return Manifest(name=data["name"], files={path: File(**row) for path, row in data["files"].items()})


def write(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a data root whole, or leave it as it is; DataError where it cannot be."""
    files = {
        path: {key: value for key, value in asdict(file).items() if value is not None}
        for path, file in sorted(manifest.files.items())
    }
    text = json.dumps({"version": VERSION, "name": manifest.name, "files": files}, indent=1) + "\n"
    try:
        replace(folder / MANIFEST, text.encode())
    except OSError as error:
        raise DataError(f"{folder / MANIFEST} cannot be written: {error.strerror}") from error


def _require(data: object, path: Path) -> None:
    from harness.matrix.schema import validate  # noqa: PLC0415 — it takes longer than all else of a list

    found = validate("data", data)
    if found:
        raise DataError(f"{path} is no manifest of data: {'; '.join(found[:SHOWN])}")


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
