"""References that are computed once and kept: for the same model, weights, inputs and releases.

They come in through the door, in a folder that may only be read, and new ones go out as files of the attempt.
Each file says what it was made of; one that was made of anything else is made anew.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.utils._pytree import tree_flatten_with_path

from harness.matrix.cells import Cell
from harness.suite.functional.subject import Subject, Tensors

GIVEN = "HARNESS_REFERENCES"
"""Variable: the folder of those that earlier runs have made."""
FOLDER = "references"
"""Of the output: those made here."""
MOST_BYTES = 1 << 20
"""Of one file: what is larger is made anew each time."""
FORM = "1"
"""Of what is kept: another code of the reference takes another number."""


class Kept:
    """What is remembered of one subject."""

    def __init__(self, cell: Cell, subject: Subject, out: Path) -> None:
        """`out` is the attempt's output folder."""
        self._stem = f"{cell.model.id}-{cell.model.model_class}-s{cell.parameters.seed}"
        self._subject = subject
        self._made = out / FOLDER
        self._mark = ""

    def remember(self, name: str, make: Callable[[], Tensors]) -> Tensors:
        """Those kept under that name, else those that `make` gives, which are kept then."""
        mark = self._mark = self._mark or fingerprint(self._subject)
        file = f"{self._stem}-{name}.safetensors"
        given = os.environ.get(GIVEN)
        for folder in [self._made, *([Path(given)] if given else [])]:
            found = _read(folder / file, mark)
            if found is not None:
                return found
        made = make()
        if sum(tensor.nbytes for tensor in made.values()) <= MOST_BYTES:
            self._made.mkdir(exist_ok=True)
            fresh = self._made / f".{file}"
            # Of outputs that share memory (blip's) safetensors would refuse to write one twice.
            apart = {n: t.clone(memory_format=torch.contiguous_format) for n, t in made.items()}
            save_file(apart, fresh, {"mark": mark})
            fresh.replace(self._made / file)
        return made


def fingerprint(subject: Subject) -> str:
    """SHA-256 of all that decides the reference: releases, configuration, weights, inputs."""
    said = [
        FORM,
        torch.__version__.partition("+")[0],
        transformers.__version__,
        subject.model.config.to_json_string(),
    ]
    digest = hashlib.sha256("\0".join(said).encode())
    for values in (subject.model.state_dict(), subject.inputs(batch=2)):
        _add(digest, values)
    return digest.hexdigest()


def _add(digest: Any, values: Mapping[str, Any]) -> None:
    for path, value in tree_flatten_with_path(dict(values))[0]:
        digest.update(str(path).encode())
        if isinstance(value, torch.Tensor):
            plain = value.detach().cpu().contiguous()
            digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
            digest.update(plain.flatten().view(torch.uint8).numpy().data if plain.numel() else b"")
        else:
            digest.update(repr(value).encode())


def _read(path: Path, mark: str) -> Tensors | None:
    """The tensors of a file of that mark; None where there is none, or none that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("mark") != mark:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 — no mapping
    except (OSError, SafetensorError):
        return None
