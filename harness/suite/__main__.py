"""Run the suite over a cells file: `python -m harness.suite CELLS OUT`.

What a runner starts in a container; it can be typed by hand as well. It is pytest on this room with
the plugin loaded. The exit code says whether the suite could do its work, not what it found: 0
whatever the checks' outcomes, which are in OUT/results.jsonl.
"""

import json
import os
import sys
from pathlib import Path

RAN = {0, 1, 5}
"""pytest's exit codes for: all passed, some failed, nothing to run."""


def main(cells: Path, out: Path) -> int:
    """Run every cell of the file; results, JUnit XML and pytest-benchmark's JSON go to `out`."""
    _set_threads(cells)
    import pytest  # noqa: PLC0415 — after the thread count, which torch reads from the environment once

    code = pytest.main(
        [
            str(Path(__file__).parent),
            *("-p", "harness.suite.plugin"),
            *("-p", "no:cacheprovider"),
            *("-c", os.devnull),
            f"--rootdir={Path(__file__).parents[2]}",
            "--import-mode=importlib",
            "--override-ini=python_files=test_*.py",
            f"--cells={cells}",
            f"--out={out}",
            f"--junitxml={out / 'junit.xml'}",
            f"--benchmark-json={out / 'benchmark.json'}",
            "--benchmark-disable-gc",
            "--tb=short",
            "-q",
        ]
    )
    return 0 if int(code) in RAN else int(code)


def _set_threads(cells: Path) -> None:
    """One thread for each CPU this process may use: `os.cpu_count()` would report the host's."""
    asked = {cell["parameters"]["threads"] for cell in json.loads(cells.read_text())["cells"]} - {None}
    threads = max(
        asked, default=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    )
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
