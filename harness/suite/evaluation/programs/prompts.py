"""Prompts that are a dataset's: what a program begins with, word for word; the tests use some of it.

HumanEval's tests use helpers that the prompt defines (`poly`, `encode_cyclic`), and a program that begins
with the prompt could define them again. A metric is given programs and tests alone: whoever has the rows
says here which prompts there are.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_TRUSTED: set[str] = set()


@contextmanager
def trusted_prompts(prompts: Iterable[str]) -> Iterator[None]:
    """Take these for a dataset's while the context lasts, beside those that are taken already."""
    new = set(prompts) - _TRUSTED
    _TRUSTED.update(new)
    try:
        yield
    finally:
        _TRUSTED.difference_update(new)


def prompt_of(program: str) -> str:
    """The longest trusted prompt that the program begins with; none is the empty text."""
    return max((prompt for prompt in _TRUSTED if program.startswith(prompt)), key=len, default="")
