"""The hub, asked by its own library in a Python that has it: what repositories hold, and their files."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import DataError
from harness.images.access import TO_DO, Status
from harness.images.library import ask_hub

GIVEN = {Status.OPEN, Status.GATED_GRANTED}
"""Repositories of which files can be had."""

Type = Literal["dataset", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file of a repository."""

    path: str
    size: int
    """Bytes."""
    sha256: str | None
    """Of its content; None where the hub stores it in git."""
    git: str
    """Its id in git."""

    @property
    def blob(self) -> str:
        """What the hub's cache calls it."""
        return self.sha256 or self.git


@dataclass(frozen=True, slots=True, kw_only=True)
class Repo:
    """A repository as whoever asks from here sees it."""

    id: str
    type: Type
    status: Status
    commit: str | None = None
    """None where it is not given."""
    files: tuple[RemoteFile, ...] = ()

    def to_do(self) -> str:
        """What to do next; nothing where its files can be had."""
        return TO_DO[self.status].format(hub_id=f"datasets/{self.id}" if self.type == "dataset" else self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A file to be fetched."""

    repo: Repo
    file: RemoteFile
    to: Path
    """Where it is once it is whole."""
    part: Path
    """Where its beginning is until then."""

    def left(self) -> int:
        """Bytes that are still to come; a file of the right size is taken for whole."""
        if _size(self.to) == self.file.size:
            return 0
        return max(self.file.size - (_size(self.part) or 0), 0)


REASONS = {
    "corrupt": "{said}: it was thrown away, so fetch it again; if it stays so, tell the hub's owner",
    "no_space": "the disk is full ({said}): make room, and fetch again to go on where it stopped",
    "unwritable": "it cannot be written ({said}): mend the permissions, and fetch again",
    Status.GATED_DENIED: TO_DO[Status.GATED_DENIED],
    Status.MISSING: "the hub has it no more: fetch again",
    Status.UNKNOWN_OFFLINE: "the hub went away ({said}): fetch again to go on where it stopped",
}
"""Why a fetch ended early, and what to do."""


def holds(python: Path, wanted: Sequence[tuple[str, Type, str]]) -> list[Repo]:
    """What the repositories hold, each named by its id, its type and a revision.

    LibraryError where the Python has not the hub's library.
    """
    request = [{"id": name, "type": kind, "revision": revision} for name, kind, revision in wanted]
    answers: Any = _asked(python, "holds", request)
    return [
        Repo(
            id=name,
            type=kind,
            status=Status(answer["status"]),
            commit=answer.get("commit"),
            files=tuple(RemoteFile(**file) for file in answer.get("files", ())),
        )
        for (name, kind, _), answer in zip(wanted, answers, strict=True)
    ]


def download(
    python: Path, orders: Sequence[Order], snapshots: Iterable[dict[str, Any]] = ()
) -> dict[str, int | None]:
    """Fetch the files, told on standard error as they come; rows of those that have them, by `to`.

    `snapshots` name what the hub's cache is to link once all its files are there. DataError for the first
    file that cannot be had; what came before it stays.
    """
    files = [
        asdict(order.file)
        | {"repo": order.repo.id, "type": order.repo.type, "commit": order.repo.commit}
        | {"to": str(order.to), "part": str(order.part)}
        for order in orders
    ]
    answer: Any = _asked(python, "download", {"files": files, "snapshots": list(snapshots)}, shown=True)
    if answer["status"] != "fetched":
        why = REASONS[answer["status"]].format(said=answer["said"], hub_id=answer["repo"])
        raise DataError(f"{answer['path']} of {answer['repo']} could not be fetched: {why}")
    found: dict[str, int | None] = answer["rows"]
    return found


def _asked(python: Path, verb: str, request: object, *, shown: bool = False) -> object:
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(request), "utf-8")
        return ask_hub(python, verb, str(file), shown=shown)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
