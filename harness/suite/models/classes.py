"""From the names in a row to the library's classes: configuration class and model class of a model type."""

import importlib
from typing import Any

import transformers
from transformers.models.auto import modeling_auto
from transformers.models.auto.auto_factory import getattribute_from_module
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, model_type_to_module_name

from harness.suite.outcomes import Unsupported

try:
    from transformers.initialization import no_init_weights
except ImportError:  # transformers 4
    from transformers.modeling_utils import no_init_weights


__all__ = ["auto_mappings", "find_config_class", "find_model_class", "in_dtype", "no_init_weights"]

RELEASE = [int(part) for part in transformers.__version__.split(".")[:2]]
DTYPE = "dtype" if RELEASE >= [4, 56] else "torch_dtype"
"""What `from_pretrained` and `_from_config` call the dtype of the weights: 4.56 gave it a new name."""


def in_dtype(dtype: Any) -> dict[str, Any]:
    """The argument that asks for weights of that dtype."""
    return {DTYPE: dtype}


def find_config_class(model_type: str) -> type:
    """The configuration class of a model type; `Unsupported` where this transformers has none."""
    if model_type not in CONFIG_MAPPING:
        raise Unsupported(f"transformers {transformers.__version__} has no model type {model_type}")
    found: type = CONFIG_MAPPING[model_type]
    return found


def find_model_class(model_type: str, name: str) -> type:
    """The model class `name` of a model type, registered ones included; `Unsupported` where there is none."""
    for mapping in auto_mappings():
        extra = getattr(mapping, "_extra_content", {})
        for config_class, found in extra.items():
            for entry in found if isinstance(found, tuple) else (found,):
                if config_class.model_type == model_type and entry.__name__ == name:
                    return entry
    find_config_class(model_type)  # which says so where this transformers has no such type
    module = importlib.import_module(f"transformers.models.{model_type_to_module_name(model_type)}")
    try:
        found = getattr(_modeling(module), name, None) or getattribute_from_module(module, name)
    except ValueError as error:
        raise Unsupported(
            f"transformers {transformers.__version__} has no class {name} of {model_type}"
        ) from error
    return found


def _modeling(module: Any) -> Any:
    """The module of a type's classes, of which it may export some (voxtral_realtime); else its package."""
    name = module.__name__.rpartition(".")[2]
    try:
        return importlib.import_module(f"{module.__name__}.modeling_{name}")
    except ModuleNotFoundError:
        return module


def auto_mappings() -> list[Any]:
    """Every mapping from configuration class to model class that the Auto classes use."""
    found = [
        getattr(value, "_model_mapping", None)
        for name, value in vars(modeling_auto).items()
        if name.startswith(("Auto", "_Auto"))
    ]
    return [mapping for mapping in found if mapping is not None]
