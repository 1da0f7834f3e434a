"""Run the suite over a cells file: `python -m harness.suite CELLS OUT`.

What a runner starts in a container; it can be typed by hand as well. It is pytest on this room with
the plugin loaded. The exit code says whether the suite could do its work, not what it found: 0
whatever the checks' outcomes, which are in OUT/results.jsonl.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

RAN = {0, 1, 5}
"""pytest's exit codes for: all passed, some failed, nothing to run."""
HERE = Path(__file__).parent
ROOMS = (
    ("functional", "functional"),
    ("throughput", "functional"),
    ("throughput", "throughput"),
    ("fit", "fit"),
    ("roofline", "roofline"),
    ("evaluation", "evaluation"),
)
"""Suite and a folder with tests of it: a throughput cell is checked first."""
UNUSED = ("cacheprovider", "doctest", "logging", "unittest", "warnings")
"""Plugins of pytest's own that write where nothing may be written, or take a millisecond a check."""
POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read the size of their thread pools from, once."""


def main(cells: Path, out: Path) -> int:
    """Run every cell of the file; results, JUnit XML and pytest-benchmark's JSON go to `out`."""
    rows = json.loads(cells.read_text())["cells"]
    for name in POOLS:
        os.environ[name] = str(_threads(rows))
    import pytest  # noqa: PLC0415 — after the thread count, which torch reads from the environment once

    code = pytest.main(
        [
            *_rooms(rows, out),
            *("-p", "harness.suite.plugin"),
            *(argument for plugin in UNUSED for argument in ("-p", f"no:{plugin}")),
            *("-c", os.devnull),
            f"--rootdir={HERE.parents[1]}",
            "--import-mode=importlib",
            "--override-ini=python_files=test_*.py",
            f"--cells={cells}",
            f"--out={out}",
            f"--junitxml={out / 'junit.xml'}",
            # What a child prints by its descriptors would mix with what others print: each has its pipe.
            "--capture=sys",
            "--tb=short",
            "-q",
        ]
    )
    return 0 if int(code) in RAN else int(code)


def _threads(rows: list[dict[str, Any]]) -> int:
    """What was asked for; else one where each cell has a process, and all the CPUs where it is alone."""
    asked = {row["parameters"]["threads"] for row in rows} - {None}
    forked = sys.platform == "linux" and {row["suite"] for row in rows} <= {"functional", "fit"}
    # `os.cpu_count()` would report the host's.
    own = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(asked, default=1 if forked else own)


def _rooms(rows: list[dict[str, Any]], out: Path) -> list[str]:
    """The suites that are asked for, and of pytest's plugins only what they use, whatever is installed."""
    suites = {row["suite"] for row in rows}
    folders = dict.fromkeys(str(HERE / folder) for suite, folder in ROOMS if suite in suites)
    rooms = ["--disable-plugin-autoload", *folders]
    if "throughput" not in suites:
        return rooms
    benchmark = ["-p", "pytest_benchmark.plugin", f"--benchmark-json={out / 'benchmark.json'}"]
    return [*rooms, *benchmark, "--benchmark-disable-gc"]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
