"""How a run ends before its end: a signal, or a disk that takes no more; what is finished stays."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import HarnessError, ResultsError
from harness.matrix.records import Suite
from harness.results.store import REMEDIES, RunStore


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does: containers removed, finished cells kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def resumable(store: RunStore, tell: Callable[[str], None]) -> Iterator[None]:
    """Say how to go on with a run that ends early, also where the operating system refuses it a file."""
    verb = "eval" if f"-{Suite.EVALUATION}-" in store.run else "run"  # it stands in their names
    again = f"`harness {verb} --resume {store.run}` runs the others"
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        tell(f"finished cells are kept: {again}")
        where = error.filename or store.folder
        raise ResultsError(f"{where} cannot be written: {error.strerror}; {REMEDIES[error.errno]}") from error
    except (HarnessError, KeyboardInterrupt):
        tell(f"finished cells are kept: {again}")
        raise
