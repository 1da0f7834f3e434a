"""Source is taken with what it uses, under names that do not clash, and runs as it did."""

import ast
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch

from harness.suite.repro.bundle import Bundle
from harness.suite.repro.recorded import Recorded, Recorder
from harness.suite.repro.scopes import uses
from harness.suite.repro.values import HELPERS, written

SHAPES = """
from dataclasses import dataclass, field
import math

SIDES = {"square": 4}

@dataclass
class Shape:
    name: str
    marks: list = field(default_factory=list)

def area(side):
    return math.prod((side, side))
"""
COLOURS = """
SIDES = {"red": "ü€"}

def area(colour):
    return SIDES[colour]

def field(name):
    return name.upper()
"""
PAINT = """
from harness.paint_of_tests import shapes, colours
from harness.paint_of_tests.colours import area as shade, field
from harness.paint_of_tests.shapes import Shape
from harness.paint_of_tests.shapes import SIDES as CORNERS

LIMIT = 3
UNUSED = shapes

def painted(area, *, LIMIT=LIMIT):
    shape = Shape(field("box"))
    SIDES = "ä" + colours.area("red")
    corners = [s for s in CORNERS]
    return [shapes.area(area), shade("red"), CORNERS["square"], shape.name, SIDES, corners, LIMIT]
"""


@pytest.fixture
def paint(tmp_path: Path) -> Iterator[Any]:
    """Three modules as the harness might have, of which two use the same names."""
    made = {}
    for name, text in (("", ""), (".shapes", SHAPES), (".colours", COLOURS), (".paint", PAINT)):
        full = f"harness.paint_of_tests{name}"
        path = tmp_path / f"{name.strip('.') or '__init__'}.py"
        path.write_text(text, "utf-8")
        module = types.ModuleType(full)
        module.__file__ = str(path)
        sys.modules[full] = made[full] = module
    try:
        for full, module in made.items():
            short = full.rpartition(".")[2]
            if short != "paint_of_tests":
                setattr(made["harness.paint_of_tests"], short, module)
            exec(
                compile(Path(str(module.__file__)).read_text("utf-8"), str(module.__file__), "exec"),
                vars(module),
            )
        yield made["harness.paint_of_tests.paint"]
    finally:
        for full in made:
            del sys.modules[full]


def run(bundle: Bundle) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "script"}
    exec("\n".join([*sorted(bundle.imports), *bundle.definitions]), names)
    return names


def test_names_that_clash_are_told_apart_and_the_rest_is_as_it_was(paint: Any) -> None:
    bundle = Bundle(frozenset())
    bundle.add([paint.painted])
    names = run(bundle)
    assert names["painted"](5) == paint.painted(5)
    assert names["painted"](5) == [25, "ü€", 4, "BOX", "äü€", ["square"], 3]
    assert {
        "shapes_area",
        "colours_area",
        "shapes_SIDES",
        "colours_SIDES",
        "colours_field",
        "Shape",
    } <= names.keys()
    assert not any("harness" in text for text in (*bundle.imports, *bundle.definitions))


def test_what_nothing_uses_is_left_out_and_each_thing_stands_once(paint: Any) -> None:
    bundle = Bundle(frozenset())
    bundle.add([paint.painted, paint.painted])
    text = "\n".join(bundle.definitions)
    assert "UNUSED" not in text
    assert text.count("def painted") == text.count("class Shape") == 1
    assert bundle.imports == {
        "from dataclasses import dataclass",
        "from dataclasses import field",
        "import math",
    }


def test_what_the_script_defines_itself_is_not_taken(paint: Any) -> None:
    bundle = Bundle(frozenset({"Shape"}))
    bundle.add([paint.painted])
    assert "class Shape" not in "\n".join(bundle.definitions)


def used(text: str) -> set[str]:
    return {use.name for use in uses(ast.parse(text)) if use.attribute is None}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(a, *b, c=D, **e): return a + b + c + e + G", {"D", "G"}),
        ("x = [a for a in A if B]", {"A", "B"}),
        ("f = lambda a: a + B", {"B"}),
        ("def f():\n    a = B\n    def g(): return a, C\n    return g", {"B", "C"}),
        ("class C(D):\n    a: int = E", {"D", "E", "int"}),
        ("def f(a):\n    with B() as c: return c.d", {"B"}),
    ],
)
def test_only_names_of_the_module_are_followed(text: str, names: set[str]) -> None:
    assert used(text) == names


# Values, and inputs that were asked for.


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "x"], "b": (1,), "c": ()},
        float("inf"),
        torch.tensor([[1, 2], [3, 4]]),
        torch.tensor([[0.1, 1e-8]]),
        torch.zeros(2, 3, dtype=torch.bool),
        torch.tensor(1.5),
        torch.full((2, 2), 7),
        torch.empty(0, 3),
        torch.bfloat16,
    ],
    ids=repr,
)
def test_a_value_is_written_so_that_it_can_be_read(value: Any) -> None:
    names: dict[str, Any] = {"torch": torch}
    exec(HELPERS, names)
    read = eval(written(value), names)
    if isinstance(value, torch.Tensor):
        assert read.dtype == value.dtype
        assert torch.equal(read, value)
    else:
        assert read == value


def test_a_value_of_no_known_kind_is_refused_and_its_type_named() -> None:
    with pytest.raises(TypeError, match="a value of type object cannot be written down"):
        written(object())


class Source:
    """Numbers the calls."""

    pins: Mapping[str, Any] = MappingProxyType({"draws": True})

    def rows(self, batch: int, tokens: int, seed: int) -> list[dict[str, Any]]:
        return [{"x": (batch, tokens, seed, row)} for row in range(batch)]


def test_what_was_asked_for_is_given_again_and_nothing_else() -> None:
    recorder = Recorder(Source())
    wanted = [recorder.rows(2, 24, 0), recorder.rows(1, 24, 5)]
    again = Recorded(recorder.pins, recorder.calls)
    assert [again.rows(2, 24, 0), again.rows(1, 24, 5)] == wanted
    assert again.pins == {"draws": True}
    with pytest.raises(KeyError):
        again.rows(3, 24, 0)
