"""What a rule by name cannot know of a model type: the record of such a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARITY = ("parity_float32", "parity_tf32", "parity_bfloat16", "parity_float16")
"""Checks that hold outputs on the device against those of the CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peculiarity:
    """What sets a model type, or one class of it, apart for the tiny builder and for the inputs."""

    reason: str
    """Why no general rule does it."""
    base: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the configuration that shrinking starts from; dotted names reach into sub-configurations."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the tiny configuration, set after shrinking; dotted names likewise."""
    wraps: str = ""
    """The sub-configuration of the model type itself, where the class stands on a model of any type."""
    entry: tuple[str, ...] = ()
    """Methods that are run in place of a forward that the class lacks, or that cannot be run.

    () is forward; ("encode",) runs that method, and the inputs are its arguments; of several, methods or
    parts, ("semantic", "codec.decode"), each is run in turn, the arguments are named "semantic.input_ids" and
    so on, and the outputs are a mapping of the same names (`inputs/entry.py`).
    """
    frozen: tuple[str, ...] = ()
    """Parts that the library runs without gradient on purpose (a codec), by a name in their path."""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """Check → why it cannot hold of this architecture by its design, however well it is implemented."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What sets the inputs apart.

    `{modality}_layout`, `{modality}_tokens`, `image_size`, `grid`, `frames`, `tiles`, `bins`, `samples`,
    `vocabulary`, `video_time`: the layout, and sizes. `{modality}_groups`: how many groups, each in its
    brackets, the tokens stand in. `arguments`: argument of forward → its value for one row, or a function of
    the `Context` that makes it, or None to leave it out. `through`: arguments that forward hands on without
    naming them. `parts`: part whose forward is run → its layouts. `joined`: argument → the dimension along
    which rows make a batch. `generate`: further arguments of generate; `keeps_prompt`: False where it
    rewrites the prompt; `forced`: False where it refuses a processor of logits. `draws`: True where the model
    draws random numbers in eval mode too, by design. `padding_side`, `padding_token`: how padding is put in.
    `wide`: parts that the model's own generate turns to float32.
    """
