"""The facts of a model type: its classes, what their forward takes, which Auto mappings they are in.

All of it is read from the library: the names of the Auto mappings, the signature of `forward`, the
sub-configurations of the configuration class. Nothing is concluded from how a type is spelt.
"""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from transformers.models.auto import modeling_auto
from transformers.models.auto.auto_factory import getattribute_from_module
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, model_type_to_module_name

BASE = "BASE"
"""The mapping of models without a head."""

INPUTS = {
    "input_ids": "text",
    "classes_input_ids": "text",
    "pixel_values": "image",
    "image_pixel_values": "image",
    "flattened_patches": "image",
    "visual_embeds": "image",
    "visual_feats": "image",
    "image": "image",
    "pixel_values_videos": "video",
    "input_features": "audio",
    "input_values": "audio",
    "audio_values": "audio",
    "audio_mel": "audio",
    "audio_input_features": "audio",
    "audio_input_ids": "audio",
    "past_values": "series",
    "states": "series",
    "bbox": "boxes",
}
"""Argument of a forward → what it carries."""

TOWERS = {"text_config": "text", "vision_config": "image", "audio_config": "audio", "speech_config": "audio"}
"""Field of a configuration that holds the configuration of a tower → what the tower reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """A model class of a type."""

    name: str
    heads: frozenset[str]
    """The Auto mappings that list it: MASKED_LM for MODEL_FOR_MASKED_LM_MAPPING_NAMES."""
    takes: frozenset[str] = frozenset()
    decodes: bool = False
    """It has a decoder with ids of its own."""
    caches: bool = False
    generates: bool = False
    codes: bool = False
    """It encodes and decodes: a codec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """A model type."""

    model_type: str
    module: str
    """The module of the library it lives in: a part lives in the module of its whole."""
    config_class: str
    towers: frozenset[str]
    """What its sub-configurations read."""
    part: str | None
    """What it reads as a part of something larger, where its configuration says so."""
    classes: tuple[ClassFacts, ...]

    @property
    def heads(self) -> frozenset[str]:
        """The heads of all its classes."""
        return frozenset(head for row in self.classes for head in row.heads)


def model_types() -> dict[str, dict[str, set[str]]]:
    """Model type → class name → heads, for every type that has a model class."""
    found: dict[str, dict[str, set[str]]] = {}
    for head, names in _mappings():
        for model_type, entry in names.items():
            for name in (entry,) if isinstance(entry, str) else entry:
                found.setdefault(model_type, {}).setdefault(name, set()).add(head)
    return found


def facts_of(model_type: str, classes: Mapping[str, set[str]]) -> TypeFacts:
    """The facts of a type whose classes have these heads; imports its module, and no other."""
    module = model_type_to_module_name(model_type)
    config_class: Any = CONFIG_MAPPING[model_type]
    return TypeFacts(
        model_type=model_type,
        module=module,
        config_class=config_class.__name__,
        towers=frozenset(_towers(config_class)),
        part=TOWERS.get(getattr(config_class, "base_config_key", "")),
        classes=tuple(_class_facts(module, name, heads) for name, heads in classes.items()),
    )


def head_of(auto: Any) -> str:
    """The head that an Auto class is for: CAUSAL_LM for AutoModelForCausalLM."""
    own = auto._model_mapping._model_mapping  # noqa: SLF001 — the library has no other way to tell
    return next((head for head, names in _mappings() if names is own), BASE)


def plain(name: str) -> str:
    """The name as modules are named: `deberta_v2` for `deberta-v2`."""
    return name.replace("-", "_").replace(".", "_")


def _mappings() -> Iterator[tuple[str, Mapping[str, str | tuple[str, ...]]]]:
    for name, value in vars(modeling_auto).items():
        if name.startswith("MODEL_") and name.endswith("_NAMES"):
            head = name.removeprefix("MODEL_").removesuffix("_NAMES").removesuffix("MAPPING").strip("_")
            yield head.removeprefix("FOR_") or BASE, value


def _towers(config_class: Any) -> Iterator[str]:
    inside = getattr(config_class, "sub_configs", None)
    # A property where what is inside is only known of an instance.
    for field, inner in inside.items() if isinstance(inside, Mapping) else ():
        if field in TOWERS:
            yield TOWERS[field]
        yield from _towers(inner)


def _class_facts(module: str, name: str, heads: set[str]) -> ClassFacts:
    try:
        found: Any = getattribute_from_module(importlib.import_module(f"transformers.models.{module}"), name)
        arguments = inspect.signature(found.forward).parameters
    except (ImportError, ValueError, AttributeError):
        # A class that needs a package that is not here, or that the library lists and lacks: its mappings say
        # what it is for.
        return ClassFacts(name=name, heads=frozenset(heads))
    return ClassFacts(
        name=name,
        heads=frozenset(heads),
        takes=frozenset(INPUTS[argument] for argument in arguments if argument in INPUTS),
        decodes="decoder_input_ids" in arguments,
        caches="past_key_values" in arguments,
        generates=found.can_generate(),
        codes=hasattr(found, "encode") and hasattr(found, "decode"),
    )
