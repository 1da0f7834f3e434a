"""One rank, as torchrun starts it: `python -m harness.suite.parallel FOLDER RANKS THREADS PARENT WORK`.

It settles before it imports torch, which looks once at how many CPUs it may use.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from harness.suite.forks import die_with


def main(folder: str, ranks: str, threads: str, parent: str, work: str) -> None:
    """The whole life of a rank."""
    if sys.platform == "linux":
        # torchrun gives each rank a session of its own, so whoever kills our group does not reach us.
        die_with(int(parent))
        own = cores(sorted(os.sched_getaffinity(0)), int(os.environ["LOCAL_RANK"]), int(ranks))
        os.sched_setaffinity(0, own)
    import_module(work).work(Path(folder), int(threads))


def cores(mine: list[int], rank: int, ranks: int) -> list[int]:
    """The CPUs of a rank: as many as another's and none of theirs; all where there are fewer than ranks."""
    each = len(mine) // ranks
    return mine[rank * each : (rank + 1) * each] or mine


if __name__ == "__main__":
    main(*sys.argv[1:])
