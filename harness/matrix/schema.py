"""Whether data has the shape that `schemas/` asks for, and if not, what to mend and where."""

import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from json import loads
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from harness.errors import RecordError
from harness.matrix.names import suggest

Kind = Literal["matrix", "cells", "report", "result", "run", "durations", "image", "data"]

SCHEMAS = Path(__file__).parents[2] / "schemas"
SHOWN = 80
"""Characters of a value that a sentence quotes."""
LISTED = 3
"""Problems that `require` spells out; the rest are counted."""


def validate(kind: Kind, data: object) -> list[str]:
    """Every way in which `data` breaks the schema of that kind, each as `$.path: what is wrong`."""
    return list(dict.fromkeys(_sentences(kind, data)))


def require(kind: Kind, data: object, where: str) -> None:
    """Raise RecordError, one sentence that begins with `where`, if `data` breaks the schema of that kind."""
    # Data from a container may hold a million errors: no more than can be said are looked for.
    found = list(dict.fromkeys(islice(_sentences(kind, data), 100)))
    if found:
        rest = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise RecordError(f"{where} is no {kind} record: {'; '.join(found[:LISTED])}{rest}")


def _sentences(kind: Kind, data: object) -> Iterator[str]:
    for error in _validator(kind).iter_errors(data):
        words = WORDS.get(str(error.validator))
        sentence = f"{_clip(error.json_path, 200)}: {words(error) if words else _clip(error.message)}"
        yield "".join(letter if letter.isprintable() else "?" for letter in sentence)


@cache
def _validator(kind: Kind) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        (path.name, DRAFT202012.create_resource(_contents(path))) for path in SCHEMAS.glob("*.schema.json")
    )
    schema: Resource[Any] = registry[f"{kind}.schema.json"]
    validator: Draft202012Validator = _Validator(schema.contents, registry=registry)
    return validator


def _contents(path: Path) -> dict[str, Any]:
    contents: dict[str, Any] = loads(path.read_text("utf-8"))
    # Where a referenced schema has the keyword, jsonschema checks it by its own class instead of ours.
    del contents["$schema"]
    return contents


# What differs from jsonschema's own validator, and why.


def _is_array(_: object, value: object) -> bool:
    """Tuples are arrays too: records hold tuples."""
    return isinstance(value, list | tuple)


def _is_integer(_: object, value: object) -> bool:
    """1.0 is not an integer: a record would keep it as a float."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    """NaN and Infinity are not numbers: JSON has no such thing. Nor is an integer beyond a float's range."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _unexpected(
    _: Draft202012Validator, allowed: object, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """`unevaluatedProperties: false` as one error a property, at that property.

    Every object of our schemas names its properties beside the keyword, so none needs to be evaluated:
    jsonschema's own rule calls a known property unevaluated when its value is wrong, a second error for one
    mistake.
    """
    if allowed is False and isinstance(instance, dict):
        known = schema["properties"]
        for name in sorted(instance.keys() - known.keys()):
            yield ValidationError(f"unknown property{suggest(name, known)}", path=[name])


def _bounded(keyword: str, bound: str) -> Callable[..., Iterator[ValidationError]]:
    """The keyword, but silent where `bound` is exceeded: a million items too many are one error."""
    own = Draft202012Validator.VALIDATORS[keyword]

    def check(
        validator: Draft202012Validator, value: object, instance: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        if isinstance(instance, list | tuple | dict) and len(instance) <= schema.get(bound, math.inf):
            yield from own(validator, value, instance, schema)

    return check


_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={
        "unevaluatedProperties": _unexpected,
        "items": _bounded("items", "maxItems"),
        "additionalProperties": _bounded("additionalProperties", "maxProperties"),
        "propertyNames": _bounded("propertyNames", "maxProperties"),
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"array": _is_array, "integer": _is_integer, "number": _is_number}
    ),
)


# How an error is worded, by the keyword that found it.


def _clip(text: str, length: int = SHOWN) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _shown(value: object) -> str:
    return _clip(reprlib.repr(value) if isinstance(value, list | tuple | dict) else repr(value))


def _enum(error: ValidationError) -> str:
    allowed: Any = error.validator_value
    known = [str(name) for name in allowed]
    near = suggest(error.instance, known) if isinstance(error.instance, str) else ""
    return f"{_shown(error.instance)} is not one of {', '.join(known)}{near}"


def _type(error: ValidationError) -> str:
    kinds: Any = error.validator_value
    wanted = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"{_shown(error.instance)} is not of type {wanted}"


def _required(error: ValidationError) -> str:
    # jsonschema raises one error a missing name and says which only in its message.
    return f"{error.message.split(' is a required')[0]} is missing"


def _pattern(error: ValidationError) -> str:
    meant = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return f"{_shown(error.instance)} does not fit: {meant or error.validator_value}"


def _size(words: str) -> Callable[[ValidationError], str]:
    return lambda error: f"{_shown(error.instance)} {words} {error.validator_value}"


def _length(words: str, unit: str) -> Callable[[ValidationError], str]:
    def sentence(error: ValidationError) -> str:
        value: Any = error.instance
        return f"holds {len(value)} {unit}, {words} {error.validator_value}"

    return sentence


WORDS: dict[str, Callable[[ValidationError], str]] = {
    "const": _size("is not the value known here:"),
    "enum": _enum,
    "exclusiveMinimum": _size("must be more than"),
    "maxItems": _length("at most", "items"),
    "maxLength": _length("at most", "characters"),
    "maxProperties": _length("at most", "properties"),
    "maximum": _size("is more than"),
    "minItems": _length("at least", "items"),
    "minLength": _length("at least", "characters"),
    "minimum": _size("is less than"),
    "pattern": _pattern,
    "required": _required,
    "type": _type,
}
