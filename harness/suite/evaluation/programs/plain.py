"""Plain data as JSON and back, exactly: what may pass between the tests and a program.

JSON has None, booleans, numbers and strings. Everything else is a list whose first item names the kind; an
object that is not plain data is a number that only its own side can look up. Nothing read can run anything.
"""

import builtins
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

DEPTH = 100
"""Containers within containers, at most."""
WORD = 1 << 63
"""Longer integers are written in hexadecimal: the time it takes grows with the digits, not their square."""
OPAQUE = "object"

Number = Callable[[object], int]
"""Gives an object that is not plain data a number, or raises NotPlain."""
Look = Callable[[int], object]
"""Gives the object of a number, or raises KeyError."""


class NotPlain(TypeError):
    """A value that cannot be sent."""


class Nonsense(ValueError):
    """Something came that no value is written as."""


class Kind(NamedTuple):
    """How values of a type are written: `write` gives the items that follow the name, `read` the value."""

    name: str
    type: type
    write: Callable[[Any], Iterable[Any]]
    read: Callable[[list[Any]], Any]


def _flat(value: dict[Any, Any]) -> Iterator[Any]:
    for pair in value.items():
        yield from pair


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _class(items: list[Any]) -> type:
    found = vars(builtins)[items[0]]
    if not isinstance(found, type):
        raise Nonsense(f"{items[0]} is no built-in type")
    return found


CONTAINERS = (
    Kind("list", list, list, list),
    Kind("tuple", tuple, list, tuple),
    Kind("set", set, list, set),
    Kind("frozenset", frozenset, list, frozenset),
    Kind("dict", dict, _flat, _pairs),
)
"""Their items are values themselves. A subclass is sent as what it extends, which it equals."""
LEAVES = (
    Kind("int", int, lambda value: [hex(value)], lambda items: int(items[0], 16)),
    Kind("str", str, lambda value: [_bytes(value).hex()], lambda items: _text(bytes.fromhex(items[0]))),
    Kind("bytes", bytes, lambda value: [value.hex()], lambda items: bytes.fromhex(items[0])),
    Kind("bytearray", bytearray, lambda value: [value.hex()], lambda items: bytearray.fromhex(items[0])),
    Kind("complex", complex, lambda value: [value.real, value.imag], lambda items: complex(*items)),
    Kind("range", range, lambda value: [value.start, value.stop, value.step], lambda items: range(*items)),
)
_READ: dict[str, Callable[[list[Any]], Any]] = {row.name: row.read for row in (*CONTAINERS, *LEAVES)}
_READ["type"] = _class
_HOLDS_VALUES = {row.name for row in CONTAINERS}


def encode(value: object, number: Number, depth: int = DEPTH) -> Any:
    """What `json.dumps` may be given for the value. Raises NotPlain for one too deep or without end."""
    if value is None or isinstance(value, bool | float) or _short(value):
        return value
    for row in CONTAINERS:
        if isinstance(value, row.type):
            if not depth:
                raise NotPlain(f"more than {DEPTH} containers within one another")
            return [row.name, *(encode(item, number, depth - 1) for item in row.write(value))]
    for row in LEAVES:
        if isinstance(value, row.type):
            return [row.name, *row.write(value)]
    if isinstance(value, type) and (name := _builtin(value)):
        return ["type", name]
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return encode(value.item(), number, depth - 1)  # type: ignore[attr-defined]
    return [OPAQUE, number(value)]


def decode(data: object, look: Look, depth: int = DEPTH) -> Any:
    """The value of which `encode` made `data`; of what it never makes, Nonsense."""
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise Nonsense("not a value")
    name, *items = data
    try:
        if name == OPAQUE:
            return look(*items)
        if name in _HOLDS_VALUES:
            if not depth:
                raise Nonsense(f"more than {DEPTH} containers within one another")
            items = list(map(partial(decode, look=look, depth=depth - 1), items))
        return _READ[name](items)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Nonsense(f"not a {name}: {error}") from None


def _builtin(kind: type) -> str | None:
    """The name by which everybody knows it."""
    return kind.__name__ if vars(builtins).get(kind.__name__) is kind else None


def update(old: Any, new: Any) -> None:
    """Make what is mutable in `old` what it is in `new`, keeping the objects themselves where it can."""
    if type(old) is not type(new):
        return
    if isinstance(old, list | tuple):
        _update_items(old, new)
    elif isinstance(old, dict):
        for key in old.keys() & new.keys():
            update(old[key], new[key])
        kept = {key: old[key] if _same_kind(old.get(key), value) else value for key, value in new.items()}
        old.clear()
        old.update(kept)
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray):
        old[:] = new


def _update_items(old: Any, new: Any) -> None:
    for before, after in zip(old, new, strict=False):
        update(before, after)
    if isinstance(old, list):
        kept = [
            before if _same_kind(before, after) else after for before, after in zip(old, new, strict=False)
        ]
        old[:] = kept + new[len(kept) :]


def _same_kind(old: object, new: object) -> bool:
    """Whether `update` has made the one of the other."""
    return type(old) is type(new) and isinstance(old, list | dict | set | bytearray)


def _short(value: object) -> bool:
    """Whether JSON has it as it is: no huge integer, no string with halves of surrogate pairs."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    return isinstance(value, int) and -WORD < value < WORD


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
