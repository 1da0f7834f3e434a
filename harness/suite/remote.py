"""A checkpoint's own code, registered with the Auto classes in the process that runs its cell.

That is a child of the fork server, or a process that runs one cell after the other; never the parent of
children, which would hand it on to them all.
"""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import transformers
from transformers import dynamic_module_utils
from transformers.models.auto.auto_factory import add_generation_mixin_to_remote_model

from harness.matrix.cells import Cell
from harness.suite.outcomes import Unsupported

FOLDER = "HARNESS_REMOTE_CODE"
"""The variable that says where the code is: only a container has it."""


def brought(cell: Cell) -> Cell:
    """The cell, after the code that its checkpoint brings, if any, was registered; whatever it raises."""
    if cell.model.remote_code:
        folder = os.environ.get(FOLDER)
        if folder is None:
            raise Unsupported("the code of its checkpoint is not here: --trust-remote-code PATH brings it")
        _register(Path(folder))
    return cell


@cache
def _register(folder: Path) -> None:
    """As `from_pretrained` does with trust_remote_code: the configuration class, then each model class."""
    # Of this process alone: the library fills it without a lock, and its other children may be at it.
    dynamic_module_utils.HF_MODULES_CACHE = tempfile.mkdtemp(prefix="modules-")
    config = transformers.PretrainedConfig.get_config_dict(folder)[0]
    own = _load(config["auto_map"]["AutoConfig"], folder)
    for auto, reference in config["auto_map"].items():
        mapping = getattr(transformers, auto, None) if auto.startswith("AutoModel") else None
        if mapping is not None:
            model_class = add_generation_mixin_to_remote_model(_load(reference, folder))
            used = getattr(model_class, "config_class", None)
            # A module is loaded with copies of what it imports: the configuration class is the model's own.
            own = used if used is not None and used.__name__ == own.__name__ else own
            mapping.register(own, model_class, exist_ok=True)
    transformers.AutoConfig.register(config["model_type"], own, exist_ok=True)


def _load(reference: str, folder: Path) -> Any:
    return dynamic_module_utils.get_class_from_dynamic_module(reference, folder, local_files_only=True)
