"""Where tasks are loaded: a folder that has the data under the names that lm_eval's task files have for it.

`load_dataset("Rowan/hellaswag")` takes a folder of that name in the current directory before the hub.
"""

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import datasets
import huggingface_hub.constants

from harness.suite.evaluation.problems import DataProblem

METRICS = "evaluate"
"""The library that metrics come from which are no part of lm_eval."""


@contextlib.contextmanager
def workplace(root: Path, *beside: Path) -> Iterator[Path]:
    """Be in a folder of links to all that is in the data root, and to the folders `beside`.

    Within it no hub is asked, and nothing is written but to folders of our own: the data may be read-only.
    DataProblem where the root is no folder.
    """
    if not root.is_dir():
        raise DataProblem(f"there is no folder {root}: fetch its data with `harness data fetch`")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-data-")))
        for entry in (*root.resolve().iterdir(), *(folder.resolve() for folder in beside)):
            (place / entry.name).symlink_to(entry)
        # Of this data alone: what is cached is found again by relative path, and other roots have the same.
        cached = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-cache-")))
        for library, name, value in _settings(cached):
            stack.enter_context(_setting(library, name, value))
        for name, value in _of_metrics():
            stack.enter_context(_told(name, value))
        stack.enter_context(_quiet())
        stack.enter_context(contextlib.chdir(place))
        yield place


def _settings(cached: Path) -> Iterator[tuple[ModuleType, str, Any]]:
    """What the libraries read of the environment once, when they are imported."""
    yield huggingface_hub.constants, "HF_HUB_OFFLINE", True
    yield datasets.config, "HF_HUB_OFFLINE", True
    yield datasets.config, "HF_DATASETS_OFFLINE", True
    yield datasets.config, "HF_DATASETS_CACHE", cached


def _of_metrics() -> Iterator[tuple[str, Any]]:
    """What `evaluate` reads of the environment once."""
    yield "HF_EVALUATE_OFFLINE", True
    # A metric stays loaded with the module of the task that loaded it, longer than this place is there.
    lasting = Path(_lasting().name)
    yield "HF_EVALUATE_CACHE", lasting / "evaluate"
    yield "HF_METRICS_CACHE", lasting / "metrics"
    yield "HF_MODULES_CACHE", lasting / "modules"


@functools.cache
def _lasting() -> "tempfile.TemporaryDirectory[str]":
    """A folder that is there until this process ends."""
    return tempfile.TemporaryDirectory(prefix="harness-metrics-")


@contextlib.contextmanager
def _setting(library: ModuleType, name: str, value: Any) -> Iterator[None]:
    before = getattr(library, name)
    setattr(library, name, value)
    try:
        yield
    finally:
        setattr(library, name, before)


@contextlib.contextmanager
def _told(name: str, value: Any) -> Iterator[None]:
    """Tell `evaluate`, or whoever imports it: few tasks do, and it takes longer than a hundred answers."""
    if METRICS in sys.modules:
        with _setting(sys.modules[METRICS].config, name, value):
            yield
        return
    before = os.environ.get(name)
    os.environ[name] = str(value)
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A progress bar for each of 57 small files says nothing."""
    hidden = datasets.utils.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not hidden:
            datasets.enable_progress_bars()
