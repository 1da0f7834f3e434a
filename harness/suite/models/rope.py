"""Rotary parameters of a tiny configuration."""

import inspect
from collections.abc import Mapping
from typing import Any

from harness.suite.models.rules import HEAD_DIM

DEFAULT_SECTIONS = (16, 24, 24)
"""Of Qwen2-VL, and of all that follow it."""
ROPE = ("rope_parameters", "rope_scaling")
"""What the field is called, in transformers 5 and 4."""


def shrunk_rope(rope: Any, sections: tuple[int, ...]) -> Any:
    """Parameters whose sections, one for each of time, height and width, sum to half of what is rotated.

    `sections` are the class's where none are given, for it has such in its code; empty where it reads none.
    None where there is nothing to shrink.
    """
    if rope is None and sections:
        rope = {"rope_type": "default"}
    if not isinstance(rope, Mapping):
        return None
    if any(isinstance(value, Mapping) for value in rope.values()):  # parameters for each kind of layer
        inner = {name: shrunk_rope(value, sections) or value for name, value in rope.items()}
        return inner if inner != dict(rope) else None
    found = rope.get("mrope_section") or sections
    if not found:
        return None
    half = HEAD_DIM * float(rope.get("partial_rotary_factor") or 1) / 2
    small = [max(1, int(section * half / sum(found))) for section in found]
    small[0] += int(half) - sum(small)
    return {**rope, "mrope_section": small}


def default_sections(reference: Any) -> tuple[int, ...]:
    """The sections that the configuration's models take where none are given."""
    stated = getattr(reference, "ignore_keys_at_rope_validation", None)
    if stated is None:  # transformers 4, which states it nowhere: its classes speak of `mrope` in their code
        reads = hasattr(reference, "rope_scaling") and "mrope" in inspect.getsource(type(reference))
    else:
        reads = "mrope_section" in stated
    return DEFAULT_SECTIONS if reads else ()
