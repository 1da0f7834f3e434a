"""Weights, fetched from the hub into its own cache, where transformers looks for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harness.data.hub import GIVEN, Order, RemoteFile, Repo, download, holds
from harness.data.room import alone, left, require_room
from harness.errors import DataError
from harness.images.hostenv import Tell

REVISION = "main"
SAFE = ("model*.safetensors", "*.safetensors")
"""Weights, by the first pattern that any file has: `consolidated.safetensors` is a second copy."""
PICKLES = ("pytorch_model*.bin",)
"""Weights where there are none that are safe to open."""
INDEXES = ("*.safetensors.index.json", "pytorch_model.bin.index.json")
BESIDES = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "chat_template.*",
    "tokenizer*",
    "vocab.*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "*.model",
    "*.tiktoken",
)
"""What a model's configuration, tokenizer and processor are read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What is to be fetched of a model."""

    model: str
    """Id in the registry."""
    repo: Repo
    orders: tuple[Order, ...]

    def left(self) -> int:
        """Bytes that are still to come."""
        return left(self.orders)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(order.file.size for order in self.orders)


def plan(hub_ids: Mapping[str, str], cache: Path, python: Path) -> list[Weights]:
    """Ask the hub what there is of each model, by its id in the registry."""
    found = holds(python, [(hub_id, "model", REVISION) for hub_id in hub_ids.values()])
    return [
        Weights(model=name, repo=repo, orders=tuple(_orders(repo, cache)) if repo.status in GIVEN else ())
        for name, repo in zip(hub_ids, found, strict=True)
    ]


def fetch(found: Sequence[Weights], cache: Path, python: Path, tell: Tell) -> None:
    """Fetch the weights that can be had, and have the hub's library link them.

    DataError where the disk has no room, or a file cannot be had: what was fetched is there for next time.
    """
    # What the cache has under the name of its content was checked when it came.
    orders = [order for row in found for order in row.orders if order.left()]
    snapshots = [
        {"id": row.repo.id, "revision": REVISION, "paths": [order.file.path for order in row.orders]}
        for row in found
        if row.orders
    ]
    with alone(cache / ".locks" / "harness", tell):
        require_room(left(orders), cache, "name a folder on another disk with HF_HOME")
        download(python, orders, snapshots)


def chosen(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """The files of a repository that make the model: no second copy, no pickle where there is better.

    Only those at its top: what lies in folders is of other libraries.
    """
    top = [file for file in files if "/" not in file.path]
    weights = next((some for pattern in (*SAFE, *PICKLES) if (some := _like(top, [pattern]))), [])
    safe = all(file.path.endswith(".safetensors") for file in weights)
    indexes = _like(top, [INDEXES[0] if safe else INDEXES[1]])
    return sorted({*weights, *indexes, *_like(top, BESIDES)}, key=lambda file: file.path)


def _orders(repo: Repo, cache: Path) -> list[Order]:
    files = chosen(repo.files)
    if not any(file.path.endswith((".safetensors", ".bin")) for file in files):
        raise DataError(f"{repo.id} has no weights that transformers reads: name another model")
    blobs = cache / f"models--{repo.id.replace('/', '--')}" / "blobs"
    return [
        Order(repo=repo, file=file, to=blobs / file.blob, part=blobs / f"{file.blob}.part") for file in files
    ]


def _like(files: Iterable[RemoteFile], patterns: Iterable[str]) -> list[RemoteFile]:
    wanted = tuple(patterns)
    return [file for file in files if any(fnmatchcase(file.path, pattern) for pattern in wanted)]
