"""The catalogue: every model type of the installed transformers, as `harness matrix sync` reads it."""

from collections.abc import Iterable
from typing import Any

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from harness.suite.library.architecture import architectures, principal_first
from harness.suite.library.facts import TypeFacts, facts_of, model_types, plain
from harness.suite.library.tasks import tasks_of
from harness.suite.models.peculiar import exempt_checks


def catalogue(only: Iterable[str] = ()) -> dict[str, Any]:
    """Version and types: `only` these, however they are spelt, or all. Imports the modules of no others."""
    listed = model_types()
    meant = {_letters(name) for name in only}
    wanted = {name for name in listed if not meant or _letters(name) in meant}
    # A part is judged by its whole, so that the module is described as a whole.
    modules = {_module(name) for name in wanted}
    rows = [facts_of(name, classes) for name, classes in listed.items() if _module(name) in modules]
    found = architectures(rows)
    return {
        "transformers": transformers.__version__,
        "types": {
            row.model_type: _entry(row, found[row.model_type])
            for row in sorted(rows, key=lambda row: row.model_type)
            if row.model_type in wanted
        },
        "parts": sorted(set(CONFIG_MAPPING) - set(listed)),
    }


def _entry(row: TypeFacts, architecture: str) -> dict[str, Any]:
    classes = principal_first(row.classes)
    return {
        "architecture": architecture,
        "config": row.config_class,
        "names": _names(row),
        "tasks": list(dict.fromkeys(task for kind in classes for task in tasks_of(row.model_type, kind))),
        "classes": {
            kind.name: {
                "heads": sorted(kind.heads),
                "takes": sorted(kind.takes),
                "generates": kind.generates,
                "tasks": list(tasks_of(row.model_type, kind)),
                "exempt": exempt_checks(row.model_type, kind.name),
            }
            for kind in classes
        },
    }


def _names(row: TypeFacts) -> list[str]:
    """What else the library calls the type: its module, and the stem of its configuration class."""
    stem = row.config_class.removesuffix("Config")
    known = _letters(row.model_type)
    return sorted({name for name in (row.module, stem) if _letters(name) != known})


def _letters(name: str) -> str:
    return plain(name).replace("_", "").lower()


def _module(model_type: str) -> str:
    return transformers.models.auto.configuration_auto.model_type_to_module_name(model_type)
