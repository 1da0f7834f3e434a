"""The tests' side of a program: its functions and objects, as things that ask the program's process.

What comes back is plain data, made anew on this side, or an `Opaque`, which equals nothing. Nothing of a
program's runs here: no method, no comparison, no conversion.
"""

import builtins
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from harness.suite.evaluation.programs.channel import Channel, Severed
from harness.suite.evaluation.programs.confine import Unconfined
from harness.suite.evaluation.programs.plain import Nonsense, NotPlain, decode, encode, update


class Broken(BaseException):
    """The program answers no more; the text says why. Not an Exception, which tests may expect and catch."""


class Conversation:
    """Calls of one program. Once `broken` is set the program has failed, whatever the tests make of it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._call_s = self._deadline = 0.0
        self.broken: str | None = None

    def begin(self, start_s: float, call_s: float, seconds: float) -> None:
        """Wait `start_s` for the other process to say that it is confined; from then on `seconds` are left.

        Raises Unconfined, or Broken where it says nothing.
        """
        match self._exchange(None, time.monotonic() + start_s):
            case ["confined"]:
                self._call_s, self._deadline = call_s, time.monotonic() + seconds
            case ["unconfined", str(why)]:
                raise Unconfined(why)
            case _:
                raise self._break("answered with nonsense")

    def ask(self, operation: str, /, *arguments: object, **named: object) -> Any:
        """What the program's process answers; arguments that it changed are changed here too.

        Raises what it raised, as the nearest built-in exception; NotPlain for arguments that cannot be sent;
        Broken.
        """
        sent = [encode(value, self._number) for value in arguments]
        also = {name: encode(value, self._number) for name, value in named.items()}
        deadline = min(time.monotonic() + self._call_s, self._deadline)
        match self._exchange([operation, sent, also], deadline):
            case ["value", result, None]:
                return self._value(result)
            case ["value", result, list(left)] if len(left) == len(arguments):
                for before, after in zip(arguments, left, strict=True):
                    update(before, self._value(after))
                return self._value(result)
            case ["raised", list(names), str(text)]:
                raise _exception(names, text, ends=operation == "next")
            case _:
                raise self._break("answered with nonsense")

    def _exchange(self, message: object, deadline: float) -> Any:
        if self.broken is not None:
            raise Broken(self.broken)
        try:
            if message is not None:
                self._channel.send(message, deadline)
            return self._channel.receive(deadline)
        except Severed as error:
            raise self._break(str(error)) from None

    def _value(self, data: object) -> Any:
        try:
            return decode(data, self._opaque)
        except Nonsense:
            raise self._break("answered with nonsense") from None

    def _opaque(self, number: object) -> "Opaque":
        if not isinstance(number, int):
            raise Nonsense("no number")
        return Opaque(self, number)

    def _number(self, value: object) -> int:
        if isinstance(value, Opaque):
            return value._number  # noqa: SLF001 — its own kind
        raise NotPlain(f"a {type(value).__name__} cannot be given to a program")

    def _break(self, why: str) -> Broken:
        self.broken = why
        return Broken(why)


class Opaque:
    """An object of the program's: a function, a class, an instance. It can be used, and equals nothing."""

    __slots__ = ("_conversation", "_number")
    _conversation: Conversation
    _number: int

    def __init__(self, conversation: Conversation, number: int) -> None:
        object.__setattr__(self, "_conversation", conversation)
        object.__setattr__(self, "_number", number)

    def __call__(self, *arguments: object, **named: object) -> Any:
        """Call it, over there."""
        return self._conversation.ask("call", self, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copying, pickling or numpy look for
            raise AttributeError(name)
        return self._conversation.ask("getattr", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._conversation.ask("setattr", self, name, value)

    def __getitem__(self, key: object) -> Any:
        return self._conversation.ask("getitem", self, key)

    def __contains__(self, item: object) -> bool:
        return self._conversation.ask("contains", self, item) is True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._conversation.ask("iter", self)
        if not isinstance(iterator, Opaque):
            raise TypeError("not iterable")
        return iterator

    def __next__(self) -> Any:
        return self._conversation.ask("next", self)

    def __len__(self) -> Any:
        return self._conversation.ask("len", self)

    def __bool__(self) -> bool:
        return self._conversation.ask("bool", self) is True

    def __str__(self) -> Any:
        return self._conversation.ask("str", self)

    def __repr__(self) -> Any:
        return self._conversation.ask("repr", self)

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash(self._number)


def _exception(names: Sequence[object], text: str, *, ends: bool) -> Exception:
    """Of a type and what it extends, by name, the first that is built in and takes a message.

    The end of an iteration is one only where the tests asked for the next item: out of a call it would end
    the tests' own loop over calls.
    """
    for name in names:
        kind = getattr(builtins, name, None) if isinstance(name, str) else None
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            continue
        if kind is StopIteration and ends:
            return kind()
        if issubclass(kind, StopIteration | StopAsyncIteration):
            break
        with suppress(TypeError):  # UnicodeDecodeError and its like want more
            return kind(text)
    return RuntimeError(f"{names[0]}: {text}" if names else text)
