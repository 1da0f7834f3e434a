"""How deep a model is, and the same model less deep: with the first layers of its (text) stacks only.

A depth is a number of layers, those of an encoder and of its decoder together: at every depth they stand in
the whole's proportion, as nearly as whole layers can. A stack whose layers are stages (ResNet) has no depth.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

PAIRS = (
    ("encoder_layers", "decoder_layers"),
    ("num_encoder_layers", "num_decoder_layers"),
    ("encoder_num_hidden_layers", "decoder_num_hidden_layers"),
    ("num_layers", "num_decoder_layers"),
)
"""What configurations of an encoder with a decoder call the depths of the two."""
HIDDEN = "num_hidden_layers"
ENCODER, DECODER = "encoder", "decoder"


@dataclass(frozen=True, slots=True)
class Field:
    """Where a configuration says how deep one stack is."""

    config: Any
    name: str
    part: str = ""
    """`encoder` or `decoder`, of a model that has both."""

    @property
    def layers(self) -> int:
        """The depth it says."""
        return int(getattr(self.config, self.name))


def fields(config: Any) -> tuple[Field, ...]:
    """The depth of each (text) stack, an encoder's before its decoder's; empty where there is no number."""
    text = config.get_text_config()
    if getattr(config, "is_encoder_decoder", False):
        for encoder, decoder in PAIRS:
            if text is config and _is_depth(config, encoder) and _is_depth(config, decoder):
                return Field(config, encoder, ENCODER), Field(config, decoder, DECODER)
        apart = [
            getattr(config, part).get_text_config() for part in (ENCODER, DECODER) if hasattr(config, part)
        ]
        if len(apart) == 2 and all(_is_depth(part, HIDDEN) for part in apart):
            return Field(apart[0], HIDDEN, ENCODER), Field(apart[1], HIDDEN, DECODER)
    return (Field(text, HIDDEN),) if _is_depth(text, HIDDEN) else ()


def depth(config: Any) -> int | None:
    """Layers of the (text) stacks; None where the configuration has no such number (ResNet's stages)."""
    return sum(field.layers for field in found) if (found := fields(config)) else None


def shares(layers: int, whole: Sequence[int]) -> tuple[int, ...]:
    """How many layers each of one or two stacks has at a depth, in proportion; the first rounds up."""
    first = -(-layers * whole[0] // sum(whole)) if sum(whole) else 0
    return (first, layers - first)[: len(whole)]


def set_depth(config: Any, layers: int) -> None:
    """Cut the (text) stacks to `layers`, and with them every list that has an entry a layer."""
    found = fields(config)
    for field, share in zip(found, shares(layers, [field.layers for field in found]), strict=True):
        whole = field.layers
        for name, value in vars(field.config).items():
            if isinstance(value, list) and len(value) == whole:
                setattr(field.config, name, value[:share])
        setattr(field.config, field.name, share)
        if field.part == ENCODER and HIDDEN in vars(field.config):  # transformers 4 keeps a copy of it
            setattr(field.config, HIDDEN, share)


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers of a model that its configuration's depth counts."""

    owner: nn.Module
    name: str
    """Attribute of the owner that is the list."""
    path: str
    """The list's name from the model down: `model.layers`."""
    field: Field

    @property
    def layers(self) -> nn.ModuleList:
        """The list itself."""
        found: nn.ModuleList = getattr(self.owner, self.name)
        return found


def stacks(model: Any) -> tuple[Stack, ...]:
    """The module list that each depth counts: the largest of that length.

    Of several, those made from its own configuration come first, then those named after its part. Empty
    where one cannot be found: the model can then not be shortened.
    """
    found = [(field, _largest(model, field)) for field in fields(model.config)]
    if any(stack is None for _, stack in found):
        return ()
    return tuple(stack for _, stack in found if stack is not None)


def in_order(model: Any) -> tuple[tuple[Stack, int], ...]:
    """Stack and index of each layer, in the order in which a depth that grows takes them in."""
    found = stacks(model)
    whole = [len(stack.layers) for stack in found]
    order = list[tuple[Stack, int]]()
    for layers in range(1, sum(whole) + 1):
        before, now = shares(layers - 1, whole), shares(layers, whole)
        order += [(stack, old) for stack, old, new in zip(found, before, now, strict=True) if new > old]
    return tuple(order)


@contextlib.contextmanager
def shortened(model: Any, layers: int) -> Iterator[None]:
    """The same weights with only the first `layers` of the stacks, 0 to all, until the block ends.

    Raises RuntimeError for a model without a stack.
    """
    found, configs = stacks(model), {id(field.config): field.config for field in fields(model.config)}
    if not found:
        raise RuntimeError("a model without a stack cannot be shortened")
    whole = [stack.layers for stack in found]
    saved = [(config, dict(vars(config))) for config in configs.values()]
    for stack, kept, share in zip(found, whole, shares(layers, [len(kept) for kept in whole]), strict=True):
        setattr(stack.owner, stack.name, kept[:share])
    set_depth(model.config, layers)
    try:
        yield
    finally:
        for stack, kept in zip(found, whole, strict=True):
            setattr(stack.owner, stack.name, kept)
        for config, values in saved:
            vars(config).update(values)


def _largest(model: Any, field: Field) -> Stack | None:
    fitting = [
        Stack(module, name, f"{path}.{name}".lstrip("."), field)
        for path, module in model.named_modules()
        for name, child in module.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == field.layers > 0
    ]
    own = [s for s in fitting if isinstance(getattr(s.owner, "config", None), type(field.config))] or fitting
    named = [stack for stack in own if field.part in stack.path.split(".")] or own
    return max(named, key=lambda stack: sum(p.numel() for p in stack.layers.parameters()), default=None)


def _is_depth(config: Any, name: str) -> bool:
    value = getattr(config, name, None)
    return isinstance(value, int) and not isinstance(value, bool)
