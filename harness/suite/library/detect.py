"""What a checkpoint is, by its config.json: its type, classes and fields; and whether it can be built."""

from typing import Any

import torch
import transformers
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from harness.suite.library.catalogue import catalogue
from harness.suite.library.facts import model_types
from harness.suite.library.remote import entry_of
from harness.suite.models.classes import find_model_class


def detect(config: dict[str, Any]) -> dict[str, Any]:
    """The type's entry of the catalogue, the checkpoint's class first; or `problem`: why there is none.

    Of a type that is not `known`, `brought` is what the code that the checkpoint brings would be.
    """
    model_type = config.get("model_type")
    listed = model_types()
    if model_type not in listed:
        brought = _brought(config) if isinstance(config.get("auto_map"), dict) else None
        return {"known": False, "problem": _unknown(model_type), "brought": brought}
    entry: dict[str, Any] = catalogue([model_type])["types"][model_type]
    named = next((name for name in config.get("architectures") or () if name in entry["classes"]), None)
    first = {named: entry["classes"][named]} if named else {}
    classes = first | entry["classes"]
    problem = _unbuildable(config, next(iter(classes)))
    fields = {} if problem else _differences(config, CONFIG_MAPPING[model_type])
    return {
        "known": True,
        "transformers": transformers.__version__,
        "model_type": model_type,
        "problem": problem,
        "fields": fields,
        **entry,
        "classes": classes,
    }


def fetch(hub_id: str) -> dict[str, Any]:
    """Where config.json of a repository on the hub lies, fetched; or `problem`: why it cannot be."""
    try:
        return {"path": hf_hub_download(hub_id, "config.json"), "problem": None}
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        return {"problem": f"{type(error).__name__}: {_first(error)}"}


def _first(error: Exception) -> str:
    """The first sentence of what the library says."""
    return " ".join(str(error).split()).partition(". ")[0][:200]


def _unknown(model_type: object) -> str:
    version = f"transformers {transformers.__version__}"
    if model_type is None:
        return "it has no model_type"
    if model_type in CONFIG_MAPPING:
        return f"{model_type!r} is a part of other models, and {version} has no model class for it"
    return f"{version} has no model type {model_type!r}"


def _unbuildable(config: dict[str, Any], model_class: str) -> str | None:
    """Why the model cannot be made of these fields, in the library's words; no weight is allocated."""
    try:
        made = CONFIG_MAPPING[config["model_type"]].from_dict(dict(config))
        with torch.device("meta"):
            find_model_class(config["model_type"], model_class)._from_config(made)  # type: ignore[attr-defined]  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 — whatever the library makes of a config a user brought
        return f"{type(error).__name__}: {_first(error)}"
    return None


def _brought(config: dict[str, Any]) -> dict[str, Any]:
    """The entry of a type of the checkpoint's own; nothing of its code is looked at."""
    entry = entry_of(config)
    # Its own class's defaults are in that code: the fields that every configuration has are left out.
    fields = _differences(config, transformers.PretrainedConfig)
    return {"model_type": config["model_type"], "fields": fields, **entry}


def _differences(config: dict[str, Any], config_class: Any) -> dict[str, Any]:
    """The fields that make the model's shape and differ from the configuration class's defaults.

    A default may follow from another field: a width of heads that is the default's stays, where the model's
    own width makes it another (Mistral Nemo).
    """
    own = {key: value for key, value in config.items() if key not in NO_SHAPE and not key.startswith("_")}
    defaults = config_class().to_dict()
    fields = {key: value for key, value in own.items() if defaults.get(key) != value}
    made = config_class(**fields).to_dict()
    return {key: value for key, value in own.items() if key in fields or made.get(key, value) != value}


NO_SHAPE = {
    "model_type",
    "architectures",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "auto_map",
    "id2label",
}
NO_SHAPE |= {"label2id", "task_specific_params", "use_cache", "quantization_config"}
"""Fields that say where a checkpoint comes from and how it is used, and nothing of its size."""
