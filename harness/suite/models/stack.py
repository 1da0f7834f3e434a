"""The stack of layers of a configuration: how deep it is, which layers the tiny one keeps, of which kinds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.suite.models.fields import own_values, sub_configs

STAGES = 4
"""A stack no deeper than this whose fields are lists of that length has stages: it keeps them all."""
INDICES = re.compile(
    r"(.*_)?(index|indexes|indices|hook_ids|extract_layers|layer_ids|attn_layer_\w+|_layers_ids)"
)
DEPTHS = (
    "num_hidden_layers",
    "n_layer",
    "n_layers",
    "num_layers",
    "depth",
    "encoder_layers",
    "num_encoder_blocks",
)
"""What configurations call the depth of their main stack."""
KINDS = ("layer_types", "block_types", "block_type", "layer_type", "layers_block_type", "pattern")
"""How the names of lists end that hold the kind of each layer."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The depth of a configuration's main stack: as it is, and in the tiny configuration."""

    whole: int
    """0 where the configuration has no such number."""
    tiny: int

    @classmethod
    def of(cls, raw: Mapping[str, Any], reference: Any, layers: int) -> "Stack":
        """`layers` deep, or deeper for each layer whose index is named; whole where the layers are stages."""
        own = own_values(reference)
        listed = (_entries(value) for name, value in own.items() if _names_kinds(name, value))
        whole = _depth(raw) or _depth(own) or max(listed, default=0)
        if not whole:
            return cls(0, layers)
        stages = whole if whole <= STAGES and any(_entries(value) == whole for value in raw.values()) else 0
        named = (_entries(value) for name, value in raw.items() if INDICES.fullmatch(name))
        return cls(whole, max(layers, stages, *named, 0))

    def cut(self, name: str, values: Any) -> list[Any] | None:
        """A list that names layers, or has an entry for each, for the tiny stack; None for any other."""
        if INDICES.fullmatch(name):
            return _reindexed(values, self)
        return _one_of_each(values, self.tiny) if len(values) == self.whole > STAGES else None

    def listed(self, name: str, derived: Any) -> list[Any] | None:
        """A layer of each kind, where the class derives a list of kinds from the depth.

        It would repeat a pattern, of which a tiny stack may not reach the end.
        """
        return self.cut(name, derived) if _names_kinds(name, derived) and self.whole else None


def kinds(config: Any) -> Iterator[tuple[str, str]]:
    """(field, kind) of the layers a configuration tree has, where it lists them."""
    for name in dir(config):
        if not name.startswith("_") and name.endswith(KINDS):
            value = getattr(config, name, None)
            if isinstance(value, list | tuple):
                yield from ((name, entry) for entry in value if isinstance(entry, str))
    for sub in sub_configs(config).values():
        yield from kinds(sub)


def _names_kinds(name: str, values: Any) -> bool:
    """A list that has the kind of each layer, by name; patterns of numbers are others' (Dia's delays)."""
    return name.endswith(KINDS) and _entries(values) > 0 and all(isinstance(entry, str) for entry in values)


def _depth(values: Mapping[str, Any]) -> int:
    found = (values.get(name) for name in DEPTHS)
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), 0)


def _reindexed(indices: Any, stack: Stack) -> list[Any]:
    """Indices of layers, in their order, within the tiny stack; what counts from the end stays."""
    if not all(isinstance(i, int) for i in indices) or max(indices, default=0) <= stack.tiny - 1:
        return list(indices)
    shift = 1 if max(indices) == stack.whole else 0
    positive = sorted(i for i in indices if i >= 0)
    first = stack.tiny - len(positive) + shift
    order = {old: first + position for position, old in enumerate(positive)}
    return [order.get(i, i) for i in indices]


def _one_of_each(values: Any, depth: int) -> list[Any]:
    """`depth` entries of a list that has one a layer.

    The first of each kind, in order, then from the start.
    """
    if depth >= len(values):  # deeper than the whole, where more layers are named than there are
        return [*values, *[values[-1]] * (depth - len(values))]
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        first.setdefault(repr(value), index)
    chosen = sorted(first.values())[:depth]
    spare = (i for i in range(len(values)) if i not in set(chosen))
    while len(chosen) < depth:
        chosen.append(next(spare))
    return [values[i] for i in sorted(chosen)]


def _entries(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0
