"""The code that a checkpoint brings: read as bytes, and never run on this side.

What was read is what runs, whatever becomes of the folder: the attempt's own folder gets these bytes and the
container a read-only mount of them. Only a container runs them, and only one model's at a time.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from harness.errors import CheckpointError, SelectionError
from harness.matrix.cells import Cell
from harness.matrix.checkpoint import CONFIG, read_config
from harness.runners import hostile
from harness.runners.protocol import MIB

OPTION = "--trust-remote-code"
MOST_FILES, MOST_BYTES = 100, 4 * MIB
"""More than the code of any model: past it, the folder is something else."""
REFERENCE = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
"""A module beside config.json and a class in it, as `auto_map` names them."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCode:
    """The modules of a checkpoint, with its configuration."""

    folder: Path
    model_type: str
    files: dict[str, bytes]
    """Name → content: config.json, and every module beside it."""

    def loosened(self, model: str) -> str:
        """What a result says of it."""
        whole = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        return (
            f"remote code: of the checkpoint {model} (sha256 {whole.hexdigest()[:12]}), asked for by {OPTION}"
        )


def read_code(folder: Path) -> RemoteCode:
    """The code in a checkpoint's folder; CheckpointError where it is not whole, or not what it should be."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder: name the folder of a checkpoint, with its {CONFIG}")
    config = read_config(folder / CONFIG)
    paths = [folder / CONFIG, *sorted(folder.glob("*.py"))]
    if len(paths) > MOST_FILES:
        raise CheckpointError(f"{folder} holds more modules than any model has: it is not a checkpoint's")
    files: dict[str, bytes] = {}
    for path in paths:
        files[path.name] = _read(path, MOST_BYTES - sum(map(len, files.values())))
    for auto, value in _named(folder, config).items():
        if not isinstance(value, str) or not REFERENCE.fullmatch(value) or _module(value) not in files:
            raise CheckpointError(
                f"{folder / CONFIG} names {value!r} as its {auto}, which is no class of a module beside it: "
                "copy the code into the folder, and name it there as MODULE.CLASS"
            )
    return RemoteCode(folder=folder, model_type=config["model_type"], files=files)


def require_code(cells: Sequence[Cell], code: RemoteCode | None, *, named: bool) -> None:
    """SelectionError where a model lacks its code, or code would run beside what it is not the code of.

    Of many models, none of them `named`, the one without its code is not worth a refusal: it is unsupported.
    """
    asking = [cell.model for cell in cells if cell.model.remote_code]
    if code is None and asking and (named or len(asking) == len(cells)):
        raise SelectionError(
            f"{asking[0].id} runs with the code of its checkpoint, which is not kept: name its folder with "
            f"{OPTION} PATH"
        )
    alone = len({cell.model.id for cell in cells}) == 1 and len(asking) == len(cells)
    if code is not None and not (alone and cells[0].model.model_type == code.model_type):
        raise SelectionError(
            f"{OPTION} runs one model alone, and {code.folder} has the code of {code.model_type}: name "
            "a row of that type that has remote_code, with --model"
        )


def _named(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Auto class → what `auto_map` has for it, of the configuration and the models."""
    every = config.get("auto_map")
    named = every if isinstance(every, dict) else {}
    models = {auto: value for auto, value in named.items() if str(auto).startswith("AutoModel")}
    if not models or "AutoConfig" not in named:
        raise CheckpointError(
            f"{folder / CONFIG} does not say where its code is: its auto_map must name AutoConfig and an "
            "AutoModel"
        )
    return {"AutoConfig": named["AutoConfig"], **models}


def _module(reference: str) -> str:
    return f"{reference.partition('.')[0]}.py"


def _read(path: Path, room: int) -> bytes:
    try:
        return hostile.read(path, room)
    except (OSError, hostile.Refused) as refusal:
        raise CheckpointError(
            f"{path} {refusal}: code is read from plain files only, {MOST_BYTES // MIB} MiB of them at most"
        ) from refusal
