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
    left = subject.model.can_generate() and not subject.model.config.is_encoder_decoder
    padded = _padded(inputs, left=left)
    if left and "position_ids" in inspect.signature(subject.model.forward).parameters:
        padded["position_ids"] = (padded["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    length = padded["attention_mask"].shape[1]
    real = slice(PADS, None) if left else slice(None, length - PADS)
    outputs = {
        name: out[:, real] if out.dim() > 1 and out.shape[1] == length else out
        for name, out in subject.forward(padded).items()
    }
    return deviation(outputs, subject.forward(inputs))


def _padded(inputs: dict[str, torch.Tensor], *, left: bool) -> dict[str, torch.Tensor]:
    """The inputs with `PADS` masked positions that hold the sequence's own values: plausible, and wrong."""
    padded = dict(inputs)
    sequence = "input_values" if "input_values" in inputs else "input_ids"
    for name in (sequence, "attention_mask"):
        value = inputs[name]
        filler = value[:, -1 - PADS : -1].flip(1) if name == sequence else torch.zeros_like(value[:, :PADS])
        padded[name] = torch.cat([filler, value] if left else [value, filler], dim=1)
    return padded
