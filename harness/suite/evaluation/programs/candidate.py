"""The process that runs a program and answers calls of its functions. Whatever it says is only an answer.

Started as `python -s -P -S` with `main` and, as JSON, what `confine` is given. The program shares this
process and may change all of it; what it cannot do is leave it.
"""

import importlib
import json
import operator
import os
import random
import sys
import types
from collections.abc import Callable
from typing import Any

from harness.suite.evaluation.programs.channel import Channel, Severed
from harness.suite.evaluation.programs.confine import Unconfined, confine
from harness.suite.evaluation.programs.plain import decode, encode

NAME = "program"
TEXT_CHARACTERS = 300
"""Of an exception's message."""
OBJECTS = 100_000
"""Which the tests may hold on to."""

OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, /, *arguments, **named: function(*arguments, **named),
    "getattr": getattr,
    "setattr": setattr,
    "getitem": operator.getitem,
    "contains": operator.contains,
    "iter": iter,
    "next": next,
    "len": len,
    "bool": bool,
    "str": str,
    "repr": repr,
}
"""What tests do with a program's objects. `run`, `name` and `module` are the program's own, below."""


class Objects:
    """Those that are not plain data, by number: the same object has the same number."""

    def __init__(self) -> None:
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}

    def number(self, value: object) -> int:
        """A number for it; kept, so that no other object takes its place in memory."""
        if id(value) not in self._numbers:
            if len(self._objects) == OBJECTS:
                raise MemoryError(f"more than {OBJECTS:,} objects")
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def __getitem__(self, number: int) -> object:
        return self._objects[number]


class Program:
    """The module that the program's text makes, and the objects it has given away."""

    def __init__(self) -> None:
        self._module = types.ModuleType(NAME)
        self._objects = Objects()
        self._operations = OPERATIONS | {"run": self._run, "name": self._name, "module": self._has_module}

    def answer(self, operation: str, arguments: list[Any], named: dict[str, Any]) -> list[Any]:
        """`["value", value, arguments or None where they are as they were]`, or `["raised", names, text]`."""
        try:
            given = [decode(data, self._objects.__getitem__) for data in arguments]
            names = {name: decode(data, self._objects.__getitem__) for name, data in named.items()}
            result = self._plain(self._operations[operation](*given, **names))
            left = [self._plain(value) for value in given]
        except BaseException as error:  # noqa: BLE001 — a program may raise anything
            names_of = [kind.__name__ for kind in type(error).__mro__]
            return ["raised", names_of, _text(error)]
        return ["value", result, left if left != arguments else None]

    def _plain(self, value: object) -> Any:
        return encode(value, self._number)

    def _number(self, value: object) -> Any:
        return self._objects.number(value)

    def _run(self, text: str) -> None:
        sys.modules[NAME] = self._module  # dataclasses and pickling look there
        random.seed(0)  # the same program has the same verdict
        exec(compile(text, f"<{NAME}>", "exec"), self._module.__dict__)  # noqa: S102 — what we are for

    def _name(self, name: str) -> object:
        return self._module.__dict__[name]

    def _has_module(self, name: str) -> bool:
        return self._module.__dict__.get(name) is importlib.import_module(name)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:TEXT_CHARACTERS]
    except BaseException:  # noqa: BLE001 — its own __str__ may raise anything
        return ""


def main() -> None:
    """Confine this process, say so, and answer until nobody asks. Never returns."""
    settings = json.loads(sys.argv[1])
    channel = Channel(settings["channel"])
    try:
        confine(**settings["confine"])
    except Unconfined as error:
        channel.send(["unconfined", str(error)])
        os._exit(1)
    channel.send(["confined"])
    program = Program()
    try:
        while True:
            channel.send(program.answer(*channel.receive()))
    except Severed:
        os._exit(0)  # without what the program would have done at exit
