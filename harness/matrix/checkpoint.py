"""A checkpoint's folder, looked at without running anything of it: is it whole, and is it safe to read?

Weights are read as far as their headers go. A pickle can run code when it is opened, and so can the code that
a checkpoint brings: both are refused unless the user says otherwise.
"""

import json
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CheckpointError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5")
HEADER_LIMIT = 100_000_000
"""Bytes of a header that the safetensors library itself reads at most."""
JSON_LIMIT = 50_000_000
MAGIC = {b"PK": "a zip archive, as torch.save writes", b"\x80": "a pickle", b"vers": "a pointer of git-lfs"}
"""How files begin that stand where safetensors belong, and what they are."""
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What a folder holds, once it has been found whole."""

    config: dict[str, Any]
    weights: tuple[str, ...]
    """Names of the files with weights."""
    tensors: int
    """Tensors in all of them; 0 where they are pickles, which are not opened."""
    code: str | None
    """The module that the checkpoint brings for its model; None where it brings none."""


def inspect(folder: Path, *, allow_pickle: bool = False) -> Inspected:
    """What the folder holds; CheckpointError, one sentence, for the first thing that is wrong with it."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder: name the folder of a checkpoint, with its {CONFIG}")
    config = read_config(folder / CONFIG)
    weights, tensors = _weights(folder, allow_pickle=allow_pickle)
    return Inspected(config=config, weights=weights, tensors=tensors, code=code_of(config))


def read_config(path: Path) -> dict[str, Any]:
    """A checkpoint's config.json; CheckpointError where it is none."""
    config = _json(path)
    if not isinstance(config.get("model_type"), str):
        raise CheckpointError(
            f"{path} has no model_type: it is not the configuration of a model of transformers"
        )
    return config


def code_of(config: dict[str, Any]) -> str | None:
    """The module with the model's code that a configuration asks for, as `auto_map` names it."""
    named = config.get("auto_map")
    if not named:
        return None
    values = named.values() if isinstance(named, dict) else (named,)
    return next((str(value).partition(".")[0] + ".py" for value in values), None)


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Each tensor's shape, from the headers of safetensors files; empty where the weights are pickles."""
    names, tensors = _weights(folder, allow_pickle=True)
    headers = [_header(folder / name) for name in names] if tensors else []
    return {name: tuple(row["shape"]) for header in headers for name, row in header.items()}


def _weights(folder: Path, *, allow_pickle: bool) -> tuple[tuple[str, ...], int]:
    if (folder / INDEX).exists():
        return _sharded(folder)
    if (folder / WEIGHTS).exists():
        return (WEIGHTS,), len(_header(folder / WEIGHTS))
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if not pickles:
        raise CheckpointError(f"{folder} has no weights: {WEIGHTS} or {INDEX} is missing, download it again")
    if not allow_pickle:
        raise CheckpointError(
            f"{folder} has its weights in {pickles[0]}, which can run code when it is opened: convert it to "
            "safetensors, or say --allow-pickle if you trust where it comes from"
        )
    for name in pickles:
        _require_pickle(folder / name)
    return tuple(pickles), 0


def _sharded(folder: Path) -> tuple[tuple[str, ...], int]:
    """The shards that the index names: all there, whole, and with the tensors it says they have."""
    placed = _json(folder / INDEX).get("weight_map")
    if (
        not isinstance(placed, dict)
        or not placed
        or not all(isinstance(name, str) for name in placed.values())
    ):
        raise CheckpointError(f"{folder / INDEX} has no weight_map: download it again")
    shards = tuple(sorted(set(placed.values())))
    outside = next((name for name in shards if Path(name).name != name), None)
    if outside:
        raise CheckpointError(
            f"{folder / INDEX} names {outside!r}, which is outside its folder: do not use it"
        )
    missing = [name for name in shards if not (folder / name).exists()]
    if missing:
        raise CheckpointError(
            f"{folder} lacks {len(missing)} of {len(shards)} files with weights, {missing[0]} first: "
            "download it again"
        )
    held = {name: _header(folder / name).keys() for name in shards}
    lost = next((tensor for tensor, name in placed.items() if tensor not in held[name]), None)
    if lost:
        raise CheckpointError(f"{folder / placed[lost]} lacks the tensor {lost} that the index says it has")
    return shards, len(placed)


def _header(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file, whose length is what its header says."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            text = file.read(length) if 0 < length <= min(HEADER_LIMIT, size - 8) else b""
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    try:
        header = json.loads(text)
        tensors = {name: row for name, row in header.items() if name != "__metadata__"}
        ends = [int(row["data_offsets"][1]) for row in tensors.values()]
        for row in tensors.values():
            row["shape"] = [int(extent) for extent in row["shape"]]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        # Only now: the length of a good header may begin as a pickle does.
        kind = next((what for magic, what in MAGIC.items() if start.startswith(magic)), None)
        if kind:
            raise CheckpointError(
                f"{path} is {kind}, not safetensors: download or convert it again"
            ) from error
        raise CheckpointError(
            f"{path} has no header of safetensors: it is truncated or something else"
        ) from error
    wanted = 8 + length + max(ends, default=0)
    if size != wanted:
        raise CheckpointError(
            f"{path} holds {size} bytes where its header promises {wanted}: download it again"
        )
    return tensors


def _require_pickle(path: Path) -> None:
    """CheckpointError where not even the outside of the file is one of torch.save's."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        whole = zipfile.is_zipfile(path) or start[:1] == b"\x80"
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    if not whole:
        raise CheckpointError(f"{path} is no file of torch.save, or it is truncated: download it again")


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a sane size."""
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise CheckpointError(f"{path} is too large to be a description: it is something else")
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: name the folder of a checkpoint, with its {CONFIG}"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no JSON, or it is truncated: download it again") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} is no JSON object: it is not the description of a checkpoint")
    return data


def cached_configs(hub_id: str, cache: Path) -> Iterator[Path]:
    """config.json files of a repository in a hub cache, that of its main branch first."""
    folder = cache / f"models--{hub_id.replace('/', '--')}"
    main = folder / "refs" / "main"
    if main.is_file():
        yield folder / "snapshots" / main.read_text("utf-8").strip() / CONFIG
    yield from sorted(folder.glob(f"snapshots/*/{CONFIG}"))
