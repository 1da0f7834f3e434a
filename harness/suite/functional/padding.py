"""Padding invariance: what a mask hides must not be seen."""

import inspect
from typing import Any

import torch

from harness.suite.functional.subject import Finding, Subject, deviation

PADS = 5


def takes_padding(model_class: Any, config: Any) -> bool:
    """The model reads tokens, or audio whose features are normalised frame by frame, under a mask.

    wav2vec2's default normalises over the whole recording ("group"), so padding reaches every
    frame by design; the library's documentation says to pass no mask to such checkpoints.
    """
    accepted = inspect.signature(model_class.forward).parameters
    if "attention_mask" not in accepted:
        return False
    if "input_values" in accepted:
        return getattr(config, "feat_extract_norm", None) == "layer"
    return "input_ids" in accepted


def padding_invariance(subject: Subject) -> Finding:
    """Masked positions filled with other values leave the outputs at the real positions as they were.

    Decoders are padded on the left, as for batched generation, with positions counted from the
    first real token; in a causal model padding on the right could not be seen even unmasked.
    """
    inputs = subject.inputs(batch=2)
    pins = subject.pins
    left = pins.get("padding_side", _side(subject.model)) == "left"
    filler = subject.model.config.get_text_config().pad_token_id if pins.get("padding_token") else None
    padded = _padded(inputs, left=left, filler=filler)
    # Where tokens stand for images, positions have three axes, which the model derives from its mask itself.
    derived = any(name == "mm_token_type_ids" or name.endswith("grid_thw") for name in inputs)
    if left and not derived and takes_positions(subject.model):
        first = first_position(subject.model)
        padded["position_ids"] = (padded["attention_mask"].cumsum(-1) - 1).clamp(min=0) + first
    expected = subject.forward(inputs)
    length = padded["attention_mask"].shape[-1]
    outputs = {
        name: _without_pads(out, expected.get(name), length, left=left)
        for name, out in subject.forward(padded).items()
    }
    return deviation(outputs, expected)


def _without_pads(
    out: torch.Tensor, unpadded: torch.Tensor | None, length: int, *, left: bool
) -> torch.Tensor:
    """The real positions of an output that has one a token, before or after those of an image if it has such.

    `length`: of the padded sequence. Pads on the right end the text: whether an image follows it is for the
    model to choose, so the cut is made where the outputs agree best.
    """
    if unpadded is None or out.dim() != unpadded.dim():
        return out
    longer = (axis for axis in range(1, out.dim()) if out.shape[axis] == unpadded.shape[axis] + PADS)
    axis = next(longer, None)
    if axis is None:
        return out
    size = out.shape[axis]
    starts = [size - length] if left else [unpadded.shape[axis], length - PADS]
    kept = ([i for i in range(size) if not start <= i < start + PADS] for start in starts)
    cuts = [out.index_select(axis, torch.tensor(positions, device=out.device)) for positions in kept]
    fitting = [
        cut for cut in cuts if cut.shape == unpadded.shape
    ]  # a text may be shorter than what was given
    return min(fitting, key=lambda cut: (cut - unpadded).abs().max().item(), default=out)


def _side(model: Any) -> str:
    return "left" if model.can_generate() and not model.config.is_encoder_decoder else "right"


def first_position(model: Any) -> int:
    """Position of a row's first token: RoBERTa and its descendants count from behind their padding index."""
    counting = (part for part in model.modules() if hasattr(part, "create_position_ids_from_inputs_embeds"))
    return next((int(part.padding_idx) + 1 for part in counting if hasattr(part, "padding_idx")), 0)


def takes_positions(model: Any) -> bool:
    """Its forward can be told where each token stands."""
    return "position_ids" in inspect.signature(model.forward).parameters


def _goes_along(name: str, value: Any, sequence: torch.Tensor, axis: int) -> bool:
    """The argument has a position for each of the sequence; the mask has, though codes have a row a book."""
    if (
        not isinstance(value, torch.Tensor)
        or value.dim() <= axis
        or value.shape[axis] != sequence.shape[axis]
    ):
        return False
    return name == "attention_mask" or value.shape[: axis + 1] == sequence.shape[: axis + 1]


def _padded(inputs: dict[str, Any], *, left: bool, filler: int | None) -> dict[str, Any]:
    """The inputs with `PADS` masked positions that hold the sequence's own values: plausible, and wrong.

    `filler` is held instead by models that find the end of a row by their padding token.
    """
    padded = dict(inputs)
    sequence = next(
        inputs[name] for name in ("input_values", "input_ids", "input_features") if name in inputs
    )
    # Features and codes have their values in the last dimension; answers to choose from have theirs before
    # the tokens.
    axis = inputs["attention_mask"].dim() - 1
    for name, value in inputs.items():
        if _goes_along(name, value, sequence, axis):
            pads = value.narrow(axis, value.shape[axis] - 1 - PADS, PADS).flip(axis)
            if "mask" in name:
                pads = torch.zeros_like(pads)
            elif name == "input_ids" and filler is not None:
                pads = torch.full_like(pads, filler)
            padded[name] = torch.cat([pads, value] if left else [value, pads], dim=axis)
    return padded
