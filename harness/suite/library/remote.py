"""What a checkpoint's own code is, told without it: by config.json and the Auto classes it is named for."""

from collections.abc import Mapping
from typing import Any

import transformers

from harness.suite.library.architecture import (
    CONVERSATION,
    RECOGNITION,
    SEEING,
    TRANSLATION,
    UNTOLD,
    architecture_of,
    principal_first,
)
from harness.suite.library.facts import TOWERS, ClassFacts, TypeFacts, head_of, plain
from harness.suite.library.tasks import tasks_named

AUTO_MODEL = "AutoModel"
READS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("CAUSAL_LM", "MASKED_LM", *TRANSLATION), frozenset({"text"})),
    **dict.fromkeys(SEEING, frozenset({"image"})),
    **dict.fromkeys(RECOGNITION, frozenset({"audio"})),
    **dict.fromkeys(CONVERSATION, frozenset({"text", "image"})),
    "VIDEO_CLASSIFICATION": frozenset({"video"}),
    "TIME_SERIES_PREDICTION": frozenset({"series"}),
}
"""Head → what a model with it reads; the towers of the configuration come on top."""
FIELDS = {"vocab_size": "text", "image_size": "image", "num_mel_bins": "audio", "context_length": "series"}
"""Field of a configuration → what its model reads, where no head tells."""
PARTS = TOWERS | {"llm_config": "text"}
WRITING = {"CAUSAL_LM", "SPEECH_SEQ_2_SEQ", *TRANSLATION, *CONVERSATION}
"""Heads of models that generate."""


def entry_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The type's entry as a catalogue would have it; or `problem`: why there is none."""
    named = _autos(config)
    if not named:
        version = transformers.__version__
        return {"problem": f"its auto_map names no model for an Auto class that transformers {version} has"}
    classes = principal_first(_class_facts(name, autos, config) for name, autos in named.items())
    saved = [row for name in config.get("architectures") or () for row in classes if row.name == name]
    # The class it was saved from comes first, as with any checkpoint.
    ordered = dict.fromkeys([*saved[:1], *classes])
    tasks = {row: tasks_named(named[row.name], row) for row in ordered}
    facts = TypeFacts(
        model_type=config["model_type"],
        module=plain(config["model_type"]),
        config_class=_class_name(str(config["auto_map"].get("AutoConfig", ""))),
        towers=frozenset(PARTS[field] for field in PARTS if isinstance(config.get(field), dict)),
        part=None,
        classes=classes,
    )
    return {
        "problem": None,
        "architecture": architecture_of(facts) or UNTOLD,
        "config": facts.config_class,
        "names": [],
        "tasks": list(dict.fromkeys(task for found in tasks.values() for task in found)),
        "classes": {row.name: {"heads": sorted(row.heads), "tasks": list(tasks[row])} for row in ordered},
    }


def _autos(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """Class name → the Auto classes of the library that it is named for."""
    found: dict[str, set[str]] = {}
    for auto, reference in config["auto_map"].items():
        if auto.startswith(AUTO_MODEL) and hasattr(transformers, auto) and isinstance(reference, str):
            found.setdefault(_class_name(reference), set()).add(auto)
    return found


def _class_name(reference: str) -> str:
    return reference.rpartition(".")[2]


def _class_facts(name: str, autos: set[str], config: Mapping[str, Any]) -> ClassFacts:
    heads = frozenset(head_of(getattr(transformers, auto)) for auto in autos)
    by_head = frozenset(read for head in heads for read in READS.get(head, ()))
    return ClassFacts(
        name=name,
        heads=heads,
        takes=by_head or frozenset(FIELDS[field] for field in FIELDS if config.get(field)),
        decodes=bool(config.get("is_encoder_decoder") or heads & {"SPEECH_SEQ_2_SEQ", *TRANSLATION}),
        caches=bool(config.get("use_cache")),
        generates=bool(heads & WRITING),
    )
