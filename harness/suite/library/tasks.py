"""The tasks of the library's pipelines that a model class does."""

from collections.abc import Callable, Collection

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
    return _tasks(row, lambda auto: row.name in _listed(auto, model_type))


def tasks_named(autos: Collection[str], row: ClassFacts) -> tuple[str, ...]:
    """The same of a class that no mapping lists yet, by the names of the Auto classes that it is for."""
    return _tasks(row, lambda auto: auto.__name__ in autos)


def _tasks(row: ClassFacts, serves: Callable[[type], bool]) -> tuple[str, ...]:
    return tuple(
        task
        for task, entry in SUPPORTED_TASKS.items()
        if any(serves(auto) for auto in entry["pt"])
        and (task not in BASE_TASKS or (row.takes == BASE_TASKS[task] and not row.decodes))
    )


def _listed(auto: type, model_type: str) -> tuple[str, ...]:
    """The class names that an Auto class has for a type."""
    names = auto._model_mapping._model_mapping.get(model_type, ())  # type: ignore[attr-defined]  # noqa: SLF001
    return (names,) if isinstance(names, str) else tuple(names)
