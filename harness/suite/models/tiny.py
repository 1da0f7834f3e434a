"""A tiny configuration of any configuration class: the same structure, every width small.

The rules go by field name (`rules`) and apply to each sub-configuration in turn. Fields whose raw default
is None are left to the class to derive from those that were set. What no rule can know is a row of
`peculiar`, with its reason.
"""

import copy
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.suite.models.fields import own_values, raw_fields, sub_configs
from harness.suite.models.peculiar import peculiarity
from harness.suite.models.rules import CAPS, GROUPED_HEADS, HEAD_DIM, HEADS, LAYERS, VOCAB, Kind, rule_of

DEEPEST = 12
"""Layers at most, however many kinds of layer a model alternates between."""
STAGES = 4
"""A stack no deeper than this whose fields are lists of that length has stages: it keeps them all."""
TOKEN = re.compile(r"(.*_)?(token_ids?|token_index|tokens|token|eos_id|bos_id|pad_id|im_\w+_id|patch_id)")
INDICES = re.compile(r"(.*_)?(index|indexes|indices|hook_ids|extract_layers|layer_ids|attn_layer_\w+|_layers_ids)")
DEFAULT_SECTIONS = (16, 24, 24)
"""Of Qwen2-VL, and of all that follow it."""
ROPE = ("rope_parameters", "rope_scaling")
COUNTED_TOKENS = frozenset({"num_register_tokens", "mm_tokens_per_image", "num_image_tokens", "n_cls_tokens",
    "num_global_tokens", "num_query_tokens", "num_detection_tokens", "max_new_tokens", "max_text_tokens"})
"""Numbers of tokens, where the others of that name are tokens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the shrinking of a whole configuration tree shares."""

    layers: int = LAYERS
    tokens: Mapping[int, int] = field(default_factory=dict)
    """Special token → token within the tiny vocabulary, the same everywhere in the tree."""


def tiny_config(
    config_class: type, overrides: Mapping[str, Any] | None = None, fixed: Mapping[str, Any] | None = None
) -> Any:
    """An instance of `config_class` with small widths; `overrides` are a checkpoint's own fields.

    `fixed` are fields of the tiny configuration itself, set last.

    It has as many layers as it takes for every kind of layer the full configuration has (sliding and full
    attention, recurrent and attention …) to be there.
    """
    own = dict(overrides or {})
    extra = peculiarity(getattr(config_class, "model_type", ""))
    reference = config_class(**_merged(extra.base, own))
    plan = Plan(tokens=_token_map(reference))
    wanted = set(_kinds(reference))
    config = None
    for layers in range(LAYERS, DEEPEST + 1):
        fields = _shrunk_fields(reference, _merged(extra.base, own), replace(plan, layers=layers))
        # A copy: a row may hold a sub-configuration, and the class keeps the one that it is given.
        config = config_class(**copy.deepcopy(_merged(_merged(fields, extra.fields), fixed or {})))
        if wanted <= set(_kinds(config)):
            break
    return config


def _shrunk_fields(reference: Any, given: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The fields to construct the tiny configuration from; the rest keeps the class's defaults."""
    subs, own = sub_configs(reference), raw_fields(type(reference))
    known = own.keys() | getattr(reference, "attribute_map", {}).keys()
    stack = _stack({**own, **given}, reference, plan)
    fields: dict[str, Any] = {}
    for name, value in {**own, **given}.items():
        if name in subs:
            fields[name] = _shrunk_sub_config(subs[name], plan)
        elif name in ROPE and (rope := _shrunk_rope(vars(reference).get(name), _takes_sections(reference))):
            fields[name] = rope
        elif TOKEN.fullmatch(name) and name not in COUNTED_TOKENS and not isinstance(value, bool):
            fields[name] = _remapped(value, plan.tokens)
        elif (name in known or not _counts_layers(name)) and (small := _small(name, value, {**own, **given}, stack)) is not None:
            fields[name] = small
        elif name in given:
            fields[name] = value
    return {name: value for name, value in fields.items() if value is not None or name in given}


@dataclass(frozen=True, slots=True)
class Stack:
    """The depth of a configuration's main stack: as it is, and in the tiny configuration."""

    whole: int
    tiny: int


def _stack(raw: Mapping[str, Any], reference: Any, plan: Plan) -> Stack:
    """Deep enough for each layer whose index is named, and whole where the layers are stages."""
    whole = _layer_count(raw) or _layer_count(own_values(reference))
    if not whole:
        return Stack(0, plan.layers)
    stages = whole if whole <= STAGES and any(_entries(value) == whole for value in raw.values()) else 0
    named = (_entries(value) for name, value in raw.items() if INDICES.fullmatch(name))
    return Stack(whole, max(plan.layers, stages, *named, 0))


def _small(name: str, value: Any, raw: Mapping[str, Any], stack: Stack) -> Any:
    """The small value of a field; None where it is to be left alone."""
    if isinstance(value, list | tuple) and stack.whole:
        if INDICES.fullmatch(name):
            return _reindexed(value, stack.whole, stack.tiny)
        if len(value) == stack.whole > STAGES:
            return _one_of_each(value, stack.tiny)
    return shrunk(name, value, raw, stack.tiny)


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
    given = _merged(extra.base, differing)
    if extra.base:  # the whole that this is a part of was built without it
        parts = {n: s.to_dict() for n, s in sub_configs(sub_config).items() if n not in extra.base}
        sub_config = kind(**_merged(parts, given))
    fields = _merged(_shrunk_fields(sub_config, given, plan), extra.fields)
    return {"model_type": sub_config.model_type, **fields}


def _defaults(kind: type, base: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a configuration that is given nothing; none where the class has no such defaults."""
    for given in ({}, _merged({}, base)):
        try:
            return own_values(kind(**given))
        except Exception:  # noqa: BLE001, PERF203 — whatever a class raises that lacks a field
            continue
    return {}


BOOKKEEPING = frozenset({"transformers_version", "per_layer_config", "architectures", "dtype", "torch_dtype", "id2label", "label2id", "name_or_path", "_name_or_path", "return_dict", "output_hidden_states", "output_attentions"})
"""Fields every configuration has that say nothing about its structure."""


def shrunk(name: str, value: Any, raw: Mapping[str, Any], layers: int = LAYERS) -> Any:
    """The small value of a field; None where it is to be left alone."""
    rule = rule_of(name)
    if rule is None or rule.kind is Kind.KEPT:
        return None
    if isinstance(value, list | tuple):
        entries = [shrunk(name, entry, raw, 1) for entry in value]
        return [old if new is None else new for old, new in zip(value, entries, strict=True)] if any(e is not None for e in entries) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if rule.kind is Kind.KV_HEADS:
        heads = raw.get("num_attention_heads")
        grouped = isinstance(heads, int) and 1 < value < heads
        return min(_power_of_two(value), GROUPED_HEADS if grouped else HEADS)
    if rule.kind is Kind.HEADS:
        return min(_power_of_two(value), HEADS)
    if rule.kind is Kind.LAYERS:
        return min(value, layers)
    return min(value, rule.cap if rule.cap is not None else CAPS[rule.kind])


def _shrunk_rope(rope: Any, sections: bool) -> Any:  # noqa: FBT001 — it has no other meaning
    """Rotary parameters whose sections, one for each of time, height and width, sum to half of what is rotated.

    `sections`: the class reads them, and has defaults of full size in its code where they are not given.
    """
    if rope is None and sections:
        rope = {"rope_type": "default"}
    if not isinstance(rope, Mapping):
        return None
    if any(isinstance(value, Mapping) for value in rope.values()):  # one set of parameters for each kind of layer
        inner = {name: _shrunk_rope(value, sections) or value for name, value in rope.items()}
        return inner if inner != dict(rope) else None
    found = rope.get("mrope_section") or (DEFAULT_SECTIONS if sections else None)
    if not found:
        return None
    half = HEAD_DIM * float(rope.get("partial_rotary_factor") or 1) / 2
    small = [max(1, int(section * half / sum(found))) for section in found]
    small[0] += int(half) - sum(small)
    return {**rope, "mrope_section": small}


def _takes_sections(reference: Any) -> bool:
    stated = getattr(reference, "ignore_keys_at_rope_validation", None)
    if stated is None:  # transformers 4, which states it nowhere: its classes speak of `mrope` in their code
        return hasattr(reference, "rope_scaling") and "mrope" in inspect.getsource(type(reference))
    return "mrope_section" in stated


def _power_of_two(value: int) -> int:
    """The largest power of two that is not above: heads must divide the width."""
    return 1 << (value.bit_length() - 1) if value > 0 else value


def _layer_count(values: Mapping[str, Any]) -> int:
    """How deep the configuration's main stack is; 0 where it has no such number."""
    for name in ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "depth", "encoder_layers", "num_encoder_blocks"):
        if isinstance(values.get(name), int) and not isinstance(values.get(name), bool):
            return int(values[name])
    return 0


def _reindexed(indices: Any, deep: int, depth: int) -> Any:
    """Indices of layers, in their order, within the tiny stack; what counts from the end stays."""
    if not all(isinstance(i, int) for i in indices) or max(indices, default=0) <= depth - 1:
        return list(indices)
    shift = 1 if max(indices) == deep else 0
    positive = [i for i in indices if i >= 0]
    first = depth - len(positive) + shift
    order = {old: first + position for position, old in enumerate(sorted(positive))}
    return [order.get(i, i) for i in indices]


def _one_of_each(values: Any, depth: int) -> list[Any]:
    """`depth` entries of a list that has one a layer: the first of each kind, in order, then from the start."""
    kinds: dict[str, int] = {}
    for index, value in enumerate(values):
        kinds.setdefault(repr(value), index)
    chosen = sorted(kinds.values())[:depth]
    spare = (i for i in range(len(values)) if i not in set(chosen))
    while len(chosen) < depth:
        chosen.append(next(spare))
    return [values[i] for i in sorted(chosen)]


def _kinds(config: Any) -> Iterator[tuple[str, str]]:
    """(field, kind) of the layers a configuration tree has, where it lists them."""
    for name in dir(config):
        if not name.startswith("_") and (name.endswith(("layer_types", "block_types", "block_type", "layer_type", "layers_block_type", "pattern"))):
            value = getattr(config, name, None)
            if isinstance(value, list | tuple):
                yield from ((name, str(entry)) for entry in value if isinstance(entry, str))
    for sub in sub_configs(config).values():
        yield from _kinds(sub)


def _token_map(reference: Any) -> dict[int, int]:
    """Special token ids → ids within the tiny vocabulary, the same everywhere in the configuration tree.

    Ids that fit are kept; the others get free ids from the top down.
    """
    tokens = set(_tokens(reference))
    kept = {token for token in tokens if 0 <= token < VOCAB}
    free = iter(sorted(set(range(VOCAB)) - kept, reverse=True))
    return {token: token if token in kept else next(free) for token in sorted(tokens) if token >= 0}


def _tokens(config: Any) -> Iterator[int]:
    # By `vars`: checkpoints name tokens that the class has no field for, yet the code reads (Qwen2.5-Omni).
    for name, value in vars(config).items():
        if TOKEN.fullmatch(name) and name not in COUNTED_TOKENS:
            yield from (e for e in _as_list(value) if isinstance(e, int) and not isinstance(e, bool))
    for sub in sub_configs(config).values():
        yield from _tokens(sub)


def special_tokens(config: Any) -> frozenset[int]:
    """Every token that a configuration tree names: ids that plain text must not hold."""
    return frozenset(_tokens(config))


def _remapped(value: Any, tokens: Mapping[int, int]) -> Any:
    if isinstance(value, list | tuple):
        return [_remapped(entry, tokens) for entry in value]
    return tokens.get(value, value) if isinstance(value, int) else value


def _counts_layers(name: str) -> bool:
    """A number that a class derives from the length of a list, where it is no field of its own (wav2vec2)."""
    rule = rule_of(name)
    return rule is not None and rule.kind is Kind.LAYERS


def _entries(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> bool:
    """Whether the value is one that JSON holds: what a configuration can be built from."""
    if isinstance(value, dict):
        return all(_plain(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_plain(v) for v in value)
    return value is None or isinstance(value, str | int | float | bool)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, nested ones merged in turn; where they differ, `above` holds. Dotted names reach into sub-configurations."""
    merged: dict[str, Any] = {}
    for name, value in (*below.items(), *above.items()):
        head, _, rest = name.partition(".")
        if rest:
            merged[head] = _merged(merged.get(head) or {}, {rest: value})
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _merged(merged[name], value)
        else:
            merged[name] = value
    return merged
