"""The tasks of the library's pipelines that a model class does."""

from transformers.pipelines import SUPPORTED_TASKS

from harness.suite.library.facts import ClassFacts

BASE_TASKS = {
    "feature-extraction": {"text"},
    "image-feature-extraction": {"image"},
    "zero-shot-audio-classification": {"text", "audio"},
}
"""Pipelines that take any base model: what tells which they are for is what the model reads."""


def tasks_of(model_type: str, row: ClassFacts) -> tuple[str, ...]:
    """Tasks whose pipeline names an Auto class that lists the class for this type, in the library's order."""
    return tuple(
        task
        for task, entry in SUPPORTED_TASKS.items()
        if any(row.name in _listed(auto, model_type) for auto in entry["pt"])
        and (task not in BASE_TASKS or (row.takes == BASE_TASKS[task] and not row.decodes))
    )


def _listed(auto: type, model_type: str) -> tuple[str, ...]:
    """The class names that an Auto class has for a type."""
    names = auto._model_mapping._model_mapping.get(model_type, ())  # type: ignore[attr-defined]  # noqa: SLF001
    return (names,) if isinstance(names, str) else tuple(names)
