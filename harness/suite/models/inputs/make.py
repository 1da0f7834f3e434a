"""The inputs of a model's forward.

Which arguments are made, in which layout, and rows put together to a batch.

Which arguments are made follows from the forward's signature, which layout they have is found out by trying:
the first that forward takes without complaint. A row of `peculiar` pins what cannot be found.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import torch

from harness.suite.models.inputs import audio, special, text, vision
from harness.suite.models.inputs.context import Context, Shape
from harness.suite.models.inputs.entry import call
from harness.suite.models.inputs.modalities import PIXELS, SOUNDS, VIDEOS, modalities
from harness.suite.models.inputs.rows import collate, placed
from harness.suite.models.peculiar import rows_of

MODALITIES: dict[str, tuple[tuple[str, ...], Any]] = {
    "image": (PIXELS, vision),
    "video": (VIDEOS, vision),
    "audio": (SOUNDS, audio),
}
"""Modality → the arguments that may carry it, the likeliest first, and the module of its layouts."""
LEFT_OUT = ""
"""The layout of a modality that a row of `peculiar` leaves out: the model takes it, but not beside the
others."""
SIZES = frozenset(
    {
        "image_size",
        "grid",
        "frames",
        "tiles",
        "samples",
        "bins",
        "image_tokens",
        "video_tokens",
        "audio_tokens",
    }
)
"""What rows of `peculiar` pin for tiny models only."""
TRIED = 40
"""Layouts tried at most."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model's inputs are laid out: modality → layout; a modality that is not in it is left out."""

    styles: Mapping[str, str] = field(default_factory=dict)


class NoInputs(Exception):
    """No layout was found that forward takes."""


def make_inputs(model: Any, shape: Shape, recipe: Recipe) -> dict[str, Any]:
    """Keyword arguments for `model(**inputs)`.

    The rows of a batch, one after another along the first dimension.
    """
    counted: dict[str, int] = {}
    rows = [make_row(model, shape, recipe, row, counted) for row in range(shape.batch)]
    return collate(rows, pins_of(model).get("joined"))


def make_row(
    model: Any, shape: Shape, recipe: Recipe, row: int, counted: dict[str, int] | None = None
) -> dict[str, Any]:
    """The arguments of one row; `counted` remembers from row to row how many tokens stand for a modality."""
    pins = pins_of(model, full=shape.full)
    counted = {} if counted is None else counted
    context = Context(model, shape, row, recipe.styles, pins)
    for part, styles in pins.get("parts", {}).items():
        made = make_row(attrgetter(part)(model), shape, Recipe(styles), row)
        context.made |= {f"{part}.forward.{name}": value for name, value in made.items()}
    for modality in MODALITIES:
        if recipe.styles.get(modality) is not None or f"{modality}_tokens" in pins:
            _make_modality(context, modality, counted)
    for name, make in (special.MAKERS | text.MAKERS).items():
        if context.takes(name) and name not in context.made:
            value = make(context)
            if value is not None:
                context.made[name] = value
    _pin(context)
    return {name: value for name, value in context.made.items() if value is not None}


def _make_modality(context: Context, modality: str, counted: dict[str, int]) -> None:
    """What carries the modality, in its layout, and how many tokens of the text stand for it."""
    names, room = MODALITIES[modality]
    style = context.styles.get(modality)
    if style is not None:
        name = next(name for name in names if context.takes(name))
        made = room.LAYOUTS[style](context, name)
        context.made |= {key: value for key, value in made.items() if context.takes(key)}
        context.made |= room.companions(context, name)
    _pin(context)
    if context.takes("input_ids") and text.placeholder_id(context.config, modality) is not None:
        if modality not in counted:
            pinned = int(context.pins.get(f"{modality}_tokens", 0))
            counted[modality] = pinned or vision.feature_rows(context, f"get_{modality}_features")
        context.placeholders[modality] = counted[modality]


def run(model: Any, inputs: Mapping[str, Any]) -> Any:
    """The outputs of the model's forward, or of what a row of `peculiar` runs in its place."""
    return call(model, pins_of(model).get("entry", ()), inputs)


class Layouts:
    """The inputs of a model, in the layout that its forward takes; found when they are first asked for."""

    def __init__(self, model: Any, recipe: Recipe | None = None) -> None:
        self.pins: Mapping[str, Any] = pins_of(model)
        self._model = model
        self._recipe = recipe
        self._counted: dict[str, int] = {}
        self._error: NoInputs | None = None

    @property
    def recipe(self) -> Recipe:
        """The layout; NoInputs where none is found, and the same again at once when asked again."""
        if self._error is not None:
            raise self._error
        if self._recipe is None:
            try:
                self._recipe = find_recipe(self._model)
            except NoInputs as error:
                self._error = error
                raise
        return self._recipe

    def rows(self, batch: int, tokens: int, seed: int) -> list[dict[str, Any]]:
        """Inputs row by row, on the CPU."""
        shape = Shape(batch=batch, tokens=tokens, seed=seed)
        return [make_row(self._model, shape, self.recipe, row, self._counted) for row in range(batch)]


def find_recipe(model: Any) -> Recipe:
    """The first layout that the model's forward takes.

    NoInputs, with what it said of the likeliest, where none is.
    """
    complaints: list[str] = []
    for recipe in itertools.islice(candidates(model), TRIED):
        try:
            with torch.no_grad():
                inputs = make_inputs(model, Shape(batch=1), recipe)
                device = next(model.parameters()).device
                run(model, {name: placed(value, device) for name, value in inputs.items()})
        except Exception as error:  # noqa: BLE001 — whatever forward raises at a layout it does not take
            complaints.append(
                f"{dict(recipe.styles)}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            )
        else:
            return recipe
    raise NoInputs(f"forward took none of {len(complaints)} layouts; {' | '.join(complaints[:3])}")


def candidates(model: Any) -> Iterator[Recipe]:
    """The layouts to try, the likeliest first: all modalities together, then fewer."""
    context = Context(model, Shape(), 0, {}, pins_of(model))
    choices: list[list[tuple[str, str]]] = []
    for modality, (names, room) in MODALITIES.items():
        if context.takes(*names):
            pinned = context.pins.get(f"{modality}_layout")
            layouts = _layouts(context, modality, room) if pinned is None else [pinned]
            if pinned != LEFT_OUT:
                choices.append([(modality, layout) for layout in layouts])
    yield from (Recipe(dict(styles)) for styles in itertools.product(*choices))
    if len(choices) > 1:
        for choice in choices:
            yield from (Recipe(dict([style])) for style in choice)
    if choices and not set(modalities(model)) & {"image", "video", "audio"}:
        yield Recipe()


def pins_of(model: Any, *, full: bool = False) -> dict[str, Any]:
    """What the rows of the model's type, of its head and of its class say of its inputs; the narrowest holds.

    `full`: of a model at full width, for which their sizes are not meant.
    """
    pins: dict[str, Any] = {}
    for row in rows_of(model.config.model_type, type(model).__name__):
        arguments = {**pins.get("arguments", {}), **row.inputs.get("arguments", {})}
        frozen = (*pins.get("frozen", ()), *row.frozen)
        entry = row.entry or pins.get("entry", ())
        exempt = (*pins.get("exempt", ()), *row.exempt)
        found = {"arguments": arguments, "entry": entry, "frozen": frozen, "exempt": exempt}
        pins = pins | dict(row.inputs) | found
    return {name: value for name, value in pins.items() if name not in SIZES} if full else pins


def _layouts(context: Context, modality: str, room: Any) -> list[str]:
    layouts = list(room.LAYOUTS)
    if modality == "audio":
        features = not context.takes("input_values")
        return sorted(layouts, key=lambda layout: (layout in ("samples", "channel")) == features)
    gridded = context.takes(*(vision.GRID_ARGUMENTS if modality == "image" else ("video_grid_thw",)))
    if modality == "video" and not gridded:
        return ["frames", "tiles", "image"]
    return layouts if gridded else [layout for layout in layouts if layout not in ("grid", "stack")]


def _pin(context: Context) -> None:
    """Arguments that a row of `peculiar` gives: a function of the context, or a value.

    None leaves one out.
    """
    for name, value in context.pins.get("arguments", {}).items():
        if context.takes(name):
            context.made[name] = value(context) if callable(value) else value
