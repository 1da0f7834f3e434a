"""What a configuration class is made of: its own fields with their raw defaults, and its sub-configurations.

transformers 5 writes configurations as dataclasses, 4.57 as classes with an `__init__`; this module is the
only one that knows the difference.
"""

import dataclasses
import inspect
from typing import Any

TAPS = "out_indices"
"""Which stages of a backbone are put out: set by this name, kept under another."""


def raw_fields(config_class: type) -> dict[str, Any]:
    """Field → default as written in the class, before the class derives anything from it."""
    found: dict[str, Any] = {}
    if dataclasses.is_dataclass(config_class):
        found = {field.name: _default(field) for field in dataclasses.fields(config_class)}
    if _has_own_init(config_class):
        found |= {
            name: None if parameter.default is parameter.empty else parameter.default
            for name, parameter in inspect.signature(config_class).parameters.items()
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }
    if isinstance(
        getattr(config_class, TAPS, None), property
    ):  # names of stages say the same again, and go wrong in a tiny stack
        found = {
            name: value
            for name, value in found.items()
            if name.removeprefix("_") not in (TAPS, "out_features")
        }
        found[TAPS] = None
    return found


def sub_configs(config: Any) -> dict[str, Any]:
    """Name → sub-configuration, of those that this configuration has."""
    names = set(getattr(config, "sub_configs", None) or {})
    names |= {name for name, value in vars(config).items() if is_config(value)}
    found = {name: getattr(config, name, None) for name in sorted(names)}
    return {name: value for name, value in found.items() if is_config(value)}


def is_config(value: object) -> bool:
    """Whether it is a configuration: it has a model type and can be written as a dictionary."""
    return hasattr(type(value), "model_type") and hasattr(value, "to_dict")


def own_values(config: Any) -> dict[str, Any]:
    """Field → value of the instance, sub-configurations left out."""
    subs = sub_configs(config)
    # By `vars`: a field that differs between layers refuses to be read from the whole configuration.
    values = vars(config) | {TAPS: vars(config).get(f"_{TAPS}")}
    return {name: values.get(name) for name in raw_fields(type(config)) if name not in subs}


def _has_own_init(config_class: type) -> bool:
    """Its `__init__` is written by hand, not made of its fields.

    So it is in release 4, and outside the library.
    """
    made: Any = inspect.unwrap(config_class.__init__)  # type: ignore[misc]  # of the class as it is
    return not dataclasses.is_dataclass(config_class) or made.__code__.co_filename != "<string>"


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None
