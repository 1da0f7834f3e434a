"""A tiny configuration of any configuration class: the same structure, every width small.

The rules go by field name (`rules`) and apply to each sub-configuration in turn. Fields whose raw default
is None are left to the class to derive from those that were set. What no rule can know is a row of
`peculiar`, with its reason.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from harness.suite.models.fields import own_values, raw_fields, sub_configs
from harness.suite.models.peculiar import peculiarity
from harness.suite.models.rope import ROPE, default_sections, shrunk_rope
from harness.suite.models.rules import IMAGE, LAYERS, Kind, rule_of, shrunk
from harness.suite.models.stack import Stack, kinds
from harness.suite.models.tokens import names_tokens, remapped, token_map

DEEPEST = 12
"""Layers at most, however many kinds of layer a model alternates between."""
RESOLUTIONS = "image_grid_pinpoints"
"""Heights and widths that images are brought to, each a multiple of the size of a tile."""
BOOKKEEPING = frozenset(
    {
        "transformers_version",
        "per_layer_config",
        "architectures",
        "dtype",
        "torch_dtype",
        "id2label",
        "label2id",
        "name_or_path",
        "_name_or_path",
        "return_dict",
        "output_hidden_states",
        "output_attentions",
    }
)
"""Fields every configuration has that say nothing about its structure."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the shrinking of a whole configuration tree shares."""

    layers: int = LAYERS
    wide: int = 1
    """How many times wider than tiny."""
    tokens: Mapping[int, int] = field(default_factory=dict)
    """Special token → token within the tiny vocabulary, the same everywhere in the tree."""


def tiny_config(
    config_class: type,
    overrides: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    wide: int = 1,
) -> Any:
    """An instance of `config_class` with small widths; `overrides` are a checkpoint's own fields.

    `fixed` are fields of the tiny configuration itself, set last.

    It has as many layers as it takes for every kind of layer the full configuration has (sliding and full
    attention, recurrent and attention …) to be there.
    """
    own = dict(overrides or {})
    extra = peculiarity(getattr(config_class, "model_type", ""))
    reference = _made(config_class, merged(extra.base, own))
    plan = Plan(wide=wide, tokens=token_map(reference))
    wanted = set(kinds(reference))
    config = None
    for layers in range(LAYERS, DEEPEST + 1):
        fields = _shrunk_fields(reference, merged(extra.base, own), replace(plan, layers=layers))
        config = _made(config_class, merged(merged(fields, extra.fields), fixed or {}))
        if wanted <= set(kinds(config)):
            break
    return config


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, nested ones merged in turn; where they differ, `above` holds.

    Dotted names reach into sub-configurations.
    """
    both: dict[str, Any] = {}
    for name, value in (*below.items(), *above.items()):
        head, _, rest = name.partition(".")
        if rest:
            both[head] = merged(both.get(head) or {}, {rest: value})
        elif isinstance(value, Mapping) and isinstance(both.get(name), Mapping):
            both[name] = merged(both[name], value)
        else:
            both[name] = value
    return both


def _made(config_class: type, fields: Mapping[str, Any]) -> Any:
    """An instance, from a copy of the fields: a class may keep a row's dictionaries, or take from them."""
    return config_class(**copy.deepcopy(dict(fields)))


def _shrunk_fields(reference: Any, given: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The fields to construct the tiny configuration from; the rest keeps the class's defaults."""
    subs, own = sub_configs(reference), raw_fields(type(reference))
    known = own.keys() | getattr(reference, "attribute_map", {}).keys()
    raw = {**own, **given}
    stack = Stack.of(raw, reference, plan.layers)
    sections = default_sections(reference)
    fields: dict[str, Any] = {}
    for name, value in raw.items():
        if name in subs:
            fields[name] = _shrunk_sub_config(subs[name], plan)
        elif name in ROPE and (rope := shrunk_rope(vars(reference).get(name), sections)):
            fields[name] = rope
        elif name == RESOLUTIONS and (resolutions := vars(reference).get(name)):
            fields[name] = _shrunk_resolutions(resolutions)
        elif names_tokens(name, value):
            fields[name] = remapped(value, plan.tokens)
        elif (name in known or not _counts_layers(name)) and (
            small := _small(name, value, raw, stack, plan.wide)
        ) is not None:
            fields[name] = small
        elif name in given:
            fields[name] = value
        elif value is None and (listed := stack.listed(name, vars(reference).get(name))):
            fields[name] = listed
    return {name: value for name, value in fields.items() if value is not None or name in given}


def _shrunk_resolutions(resolutions: Sequence[Sequence[int]]) -> list[list[int]]:
    """As many tiles high and wide as they were, of tiny tiles."""
    tile = math.gcd(*(side for sides in resolutions for side in sides))
    return [[side // tile * min(tile, IMAGE) for side in sides] for sides in resolutions]


def _small(name: str, value: Any, raw: Mapping[str, Any], stack: Stack, wide: int) -> Any:
    """The small value of a field; None where it is to be left alone."""
    cut = stack.cut(name, value) if isinstance(value, list | tuple) and stack.whole else None
    return shrunk(name, value, raw, stack.tiny, wide) if cut is None else cut


def _shrunk_sub_config(sub_config: Any, plan: Plan) -> dict[str, Any]:
    """The sub-configuration's own tiny fields, starting from what it sets apart from its class's defaults."""
    extra = peculiarity(sub_config.model_type)
    kind = type(sub_config)
    defaults = _defaults(kind, extra.base)
    raw = raw_fields(kind)
    values = own_values(sub_config)
    # What the class derives from its widths is derived anew.
    differing = {n: v for n, v in values.items() if n not in defaults or v != defaults[n]}
    differing = {n: v for n, v in differing.items() if n in raw and n not in BOOKKEEPING and _plain(v)}
    given = merged(extra.base, differing)
    if extra.base:  # the whole that this is a part of was built without it
        parts = {n: s.to_dict() for n, s in sub_configs(sub_config).items() if n not in extra.base}
        sub_config = _made(kind, merged(parts, given))
    fields = merged(_shrunk_fields(sub_config, given, plan), extra.fields)
    return {"model_type": sub_config.model_type, **fields}


def _defaults(kind: type, base: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a configuration that is given nothing; none where the class has no such defaults."""
    for given in ({}, base):
        with suppress(Exception):  # whatever a class raises that lacks a field
            return own_values(_made(kind, given))
    return {}


def _counts_layers(name: str) -> bool:
    """A number that a class derives from the length of a list, where it is no field of its own (wav2vec2)."""
    rule = rule_of(name)
    return rule is not None and rule.kind is Kind.LAYERS


def _plain(value: Any) -> bool:
    """Whether the value is one that JSON holds: what a configuration can be built from."""
    if isinstance(value, dict):
        return all(_plain(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_plain(v) for v in value)
    return value is None or isinstance(value, str | int | float | bool)
