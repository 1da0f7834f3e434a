"""Do a checkpoint's weights fit its configuration? Asked of their headers, before gigabytes are read.

The library only warns of a tensor that it does not find, and draws it anew: the model then answers, badly.
The library itself is asked: it loads tensors of the checkpoint's shapes onto the meta device, so that what it
renames, ties, stacks and leaves aside on purpose is right by construction.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig
from transformers.utils import logging

from harness.errors import CheckpointError
from harness.matrix.checkpoint import CONFIG, read_config, shapes

QUANTISED = "quantization_config"
META = "meta"
Shapes = Mapping[str, tuple[int, ...]]


def require_fitting(folder: Path, model_class: Any) -> str | None:
    """CheckpointError, in one sentence, where the folder's weights are not those of the class and its config.

    A sentence where that is left to loading: the weights are quantised, whose tensors have other names and
    shapes; pickles, which have no headers; or of a class that the library cannot load without values
    (Qwen4-Exp's). It takes 0.3 ms a tensor, and no memory to speak of.
    """
    config = read_config(folder / CONFIG)
    if found := config.get(QUANTISED):
        method = found.get("quant_method", "unknown")
        return f"weights quantised by {method} are checked by loading them: their tensors have other names"
    held = shapes(folder)
    if not held:
        return "weights in pickles are checked by loading them: they have no headers"
    own = getattr(model_class, "config_class", None) or AutoConfig
    with torch.device(META):
        tensors = {name: torch.empty(shape) for name, shape in held.items()}
    try:
        with _quiet():
            _, told = model_class.from_pretrained(
                None,
                config=own.from_pretrained(folder, local_files_only=True),
                state_dict=tensors,
                device_map={"": META},
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except NotImplementedError:  # torch's word for a tensor without values that is copied to a device
        return (
            f"weights of {model_class.__name__} are checked by loading them: the library wants their values"
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"{folder} has tensors that cannot be put together to those of {model_class.__name__}{_odd(held)}"
            ": download it again"
        ) from error
    require_whole(folder, model_class, told)
    return None


def require_whole(folder: Path, model_class: Any, told: Mapping[str, Any]) -> None:
    """CheckpointError where the library's account of a load names a tensor that is not as it should be."""
    name = model_class.__name__
    if missing := sorted(told["missing_keys"]):
        raise CheckpointError(
            f"{folder} lacks {len(missing)} of the tensors that {name} is made of, {missing[0]} first: mend "
            f"its {CONFIG}, or download it again"
        )
    if unexpected := sorted(told["unexpected_keys"]):
        raise CheckpointError(
            f"{folder} holds {len(unexpected)} tensors that {name} has no place for, {unexpected[0]} first: "
            f"mend its {CONFIG}, or name the class that the weights are of"
        )
    if mismatched := sorted(told["mismatched_keys"]):
        tensor, has, wanted = mismatched[0]
        raise CheckpointError(
            f"{folder} has {len(mismatched)} tensors of another shape than its {CONFIG} says, {tensor} "
            f"first, {list(has)} and not {list(wanted)}: mend its {CONFIG}, or download it again"
        )


def _odd(held: Shapes) -> str:
    """The first tensor that is unlike those of other layers and experts, as part of a sentence."""
    kinds: dict[str, Counter[tuple[int, ...]]] = {}
    for name, shape in held.items():
        kinds.setdefault(_kind(name), Counter())[shape] += 1
    usual = {kind: counted.most_common(1)[0][0] for kind, counted in kinds.items()}
    found = ((name, shape) for name, shape in held.items() if shape != usual[_kind(name)])
    return next((f", {name} of shape {list(shape)} first" for name, shape in found), "")


def _kind(name: str) -> str:
    """What a tensor of each layer and expert is called, whichever it is of."""
    return re.sub(r"\d+", "*", name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's progress and its report of the load, of which what matters is told."""
    verbosity, progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if progress:
            logging.enable_progress_bar()


class Whole:
    """A model class whose `from_pretrained` refuses to draw a tensor anew.

    It stands where lm_eval has its Auto class: weights that are quantised are checked by it alone.
    """

    def __init__(self, model_class: Any) -> None:
        self.model_class = model_class

    def from_pretrained(self, name: str, **given: Any) -> Any:
        """The model of the folder; CheckpointError where what it holds is not all of it, and no more."""
        model, told = self.model_class.from_pretrained(name, output_loading_info=True, **given)
        require_whole(Path(name), self.model_class, told)
        return model
