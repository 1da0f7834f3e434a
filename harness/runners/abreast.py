"""Batches side by side: one at a time in each slot, until none is left or one of them cannot go on."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from threading import Event, RLock
from typing import TypeVar

from harness.matrix.cells import Batch, Cell
from harness.runners.slots import Slot

GoOn = Callable[[], None]
"""Returns while the work may go on, and raises KeyboardInterrupt from when it may not."""
Thing = TypeVar("Thing")
Work = Callable[[Batch, Slot, GoOn], None]


def guarded(guard: RLock, told: Callable[[Thing], None]) -> Callable[[Thing], None]:
    """The function, which no two threads are in at once."""

    def alone(thing: Thing) -> None:
        with guard:
            told(thing)

    return alone


def divided(batch: Batch, parts: int) -> tuple[Batch, ...]:
    """The batch in as many parts, dealt out by model: a model's cells share what is imported for it."""
    if parts == 1:
        return (batch,)
    dealt: list[list[Cell]] = [[] for _ in range(parts)]
    for place, (_, cells) in enumerate(groupby(batch.cells, key=lambda cell: cell.model.id)):
        dealt[place % parts].extend(cells)
    rows = enumerate(dealt, 1)
    return tuple(replace(batch, id=f"{batch.id}-part{n}", cells=tuple(cells)) for n, cells in rows if cells)


def abreast(batches: Sequence[Batch], slots: Sequence[Slot], work: Work) -> None:
    """Do the work of every batch, in each slot one at a time.

    What one of them raises, and Ctrl-C, ends the others as Ctrl-C would: each puts its things in order, and
    then it is raised from here.
    """
    if len(slots) == 1:  # in this thread, where Ctrl-C arrives
        for batch in batches:
            work(batch, slots[0], lambda: None)
        return
    waiting, halt = deque(batches), Event()

    def go_on() -> None:
        if halt.is_set():
            raise KeyboardInterrupt

    def serve(slot: Slot) -> None:
        with suppress(IndexError):  # none is left
            while not halt.is_set():
                batch = waiting.popleft()
                work(batch, slot, go_on)

    with ThreadPoolExecutor(max_workers=len(slots)) as pool:
        serving = [pool.submit(serve, slot) for slot in slots]
        try:
            for done in as_completed(serving):
                done.result()
        finally:
            halt.set()
