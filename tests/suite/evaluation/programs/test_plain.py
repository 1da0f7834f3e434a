"""What is sent arrives as it was, and what cannot have been sent is nonsense."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite.evaluation.programs.plain import DEPTH, Nonsense, NotPlain, decode, encode, update

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))  # halves of surrogate pairs too
    | st.binary()
    | st.builds(range, st.integers(), st.integers(), st.integers(min_value=1))
    | st.sampled_from([int, str, list, ValueError])
)
KEYS = st.recursive(ATOMS, lambda inner: st.frozensets(inner) | st.tuples(inner, inner), max_leaves=5)
VALUES = st.recursive(
    ATOMS | st.builds(bytearray, st.binary()),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | st.dictionaries(KEYS, inner)
    ),
    max_leaves=20,
)


def none(value: object) -> int:
    raise NotPlain(type(value).__name__)


def nothing(number: int) -> object:
    raise KeyError(number)


def over(value: object) -> Any:
    return decode(json.loads(json.dumps(encode(value, none))), nothing)


def kinds(value: Any) -> Any:
    """The types of a value and all in it, which equality does not see."""
    if isinstance(value, dict):
        return dict, sorted(str((kinds(key), kinds(item))) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return type(value), sorted(str(kinds(item)) for item in value)
    if isinstance(value, list | tuple):
        return type(value), [kinds(item) for item in value]
    return (type(value), math.copysign(1, value)) if isinstance(value, float) else type(value)


@given(VALUES)
def test_a_value_arrives_as_it_was(value: object) -> None:
    arrived = over(value)
    assert arrived == value
    assert kinds(arrived) == kinds(value)


def test_not_a_number_arrives() -> None:
    assert math.isnan(over([float("nan")])[0])
    assert math.isnan(over(complex("nan")).real)


def test_an_integer_may_have_more_digits_than_python_prints() -> None:
    assert over(-(10**50_000)) == -(10**50_000)


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def test_a_subclass_arrives_as_what_it_extends() -> None:
    assert type(over(Liar(3))) is int
    assert over(Liar(3)) != 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
WORDS = st.sampled_from(
    ["list", "set", "dict", "int", "str", "bytes", "complex", "range", "type", "object", "x"]
)


@given(JSON | st.builds(lambda name, items: [name, *items], WORDS, st.lists(JSON)))
def test_anything_else_is_nonsense_and_nothing_worse(data: Any) -> None:
    try:
        value = decode(data, nothing)
    except Nonsense:
        return
    assert over(value) == value or "nan" in repr(value)


@pytest.mark.parametrize(
    "data",
    [
        [],
        [1],
        {},
        ["list", {}],
        ["dict", 1],
        ["set", ["list"]],
        ["int", 3],
        ["int", "0x" + "g"],
        ["type", "exec"],
        ["type", "nobody"],
        ["object", 7],
        ["object"],
        ["os", "system"],
    ],
)
def test_nonsense(data: Any) -> None:
    with pytest.raises(Nonsense):
        decode(data, nothing)


def test_depth_has_a_limit_on_both_sides() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotPlain, match=f"more than {DEPTH} containers"):
        encode(endless, none)
    deep: list[Any] = ["list"]
    for _ in range(DEPTH):
        deep = ["list", deep]
    with pytest.raises(Nonsense):
        decode(deep, nothing)


@settings(max_examples=50)
@given(VALUES, VALUES)
def test_updating_changes_what_is_mutable_alone(old: Any, new: Any) -> None:
    held = [old]
    update(held, [new])
    assert held == [new]


def test_updating_keeps_the_objects() -> None:
    inner = [1]
    outer = [inner, {"k": inner}, (inner,)]
    update(outer, [[1, 2], {"k": [1, 2]}, ([1, 2],)])
    assert inner == [1, 2]
    assert outer[0] is inner
