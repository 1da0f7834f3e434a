"""How long the whole library takes, every pair of model type and class, and how long one model.

All runs are in the hardened container that a user gets, with the memory limit given. What the imports of
torch and transformers cost is measured in the same container and taken off the figure for one model. The
library's own test files are timed beside them where `--tests` names the `tests` folder of its repository at
the installed version: its wheel does not carry them.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import docker
from docker.errors import APIError, NotFound

from harness.images import build
from harness.matrix.cells import Cell, Parameters
from harness.matrix.load import load
from harness.matrix.plan import batches, plan
from harness.matrix.records import Suite
from harness.results.record import Result
from harness.runners import provenance
from harness.runners.docker import RUN, DockerRunner
from harness.runners.engine import connect, version
from harness.runners.execute import Execution, execute
from harness.runners.protocol import GIB, Limits

ROOT = Path(__file__).parents[1]
IMPORTS = "import sys, torch, transformers, transformers.modeling_utils, pytest\n"
REPORT = """
import json
cells = json.load(open(sys.argv[1]))["cells"]
with open(sys.argv[2] + "/results.jsonl", "a") as out:
    for cell in cells:
        out.write(json.dumps({"cell": cell["id"], "outcome": "passed", "message": "", "checks": [],
            "metrics": [], "facts": {}, "started": "2026-01-01T00:00:00+00:00", "seconds": 0.0}) + "\\n")
"""
GIVEN_CPU_S = {"bert": 53.0, "llama": 99.0}
"""CPU seconds of the library's own test file of a model, as the issue gives them."""


@dataclass(frozen=True)
class Took:
    """What a batch of cells cost."""

    seconds: float
    peak_bytes: int
    """The most memory its container held that could not be reclaimed: processes and tmpfs."""
    attempts: int
    outcomes: dict[str, int]
    slowest: tuple[tuple[str, float], ...]
    cpu_s: float
    """Of the container, as last seen: what the wall time would be on one CPU with nobody beside it."""
    cell_cpu_s: float
    """Of all cells together, beyond which is what the parent spent."""


def run(
    client: docker.DockerClient, package: Path, cells: Sequence[Cell], memory_bytes: int, cpus: str
) -> Took:
    """Run the cells in one container, as `harness run` does."""
    cpu = load(ROOT).device("cpu")
    image = build.ensure(cpu, ROOT, client, lambda _: None)
    results = list[Result]()
    name = f"library-{time.time_ns()}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        execution = Execution(
            run=name,
            folder=Path(folder),
            limits=Limits(memory_bytes=memory_bytes, cpus=cpus),
            provenance=provenance.of_host(ROOT, None),
            keep=results.append,
            tell=lambda sentence: print(sentence, file=sys.stderr),
        )
        (batch,) = batches(cells, cpu, one_cell_each=False)
        runner = DockerRunner(client, image, cpu, package)
        with Peak(client, name) as peak:
            began = time.perf_counter()
            execute(batch, runner, execution)
            took = time.perf_counter() - began
    times = sorted(((r.report.cell, round(r.report.seconds, 1)) for r in results), key=lambda row: -row[1])
    return Took(
        seconds=took,
        peak_bytes=peak.bytes,
        attempts=max(result.attempt for result in results),
        outcomes=dict(Counter(result.outcome.value for result in results)),
        slowest=tuple(times[:10]),
        cpu_s=peak.cpu_s,
        cell_cpu_s=sum(result.report.facts.get("cpu_s", 0.0) for result in results),
    )


class Peak:
    """Looks at the memory and the CPU time of a run's container every second or two."""

    def __init__(self, client: docker.DockerClient, run: str) -> None:
        self.bytes = 0
        self.cpu_s = 0.0
        self._client = client
        self._run = run
        self._over = Event()
        self._thread = Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(1.0):
            with suppress(NotFound, APIError, KeyError, ValueError):  # it is only just there, or already gone
                for container in self._client.containers.list(filters={"label": f"{RUN}={self._run}"}):
                    seen: Any = container.stats(stream=False)
                    self.bytes = max(self.bytes, _held(seen["memory_stats"]))
                    self.cpu_s = max(self.cpu_s, seen["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9)


def _held(memory: dict[str, Any]) -> int:
    """Of the engine's figures what no cache explains: cgroup version 1 and 2 name it differently."""
    stats = memory["stats"]
    reclaimable = int(stats.get("total_inactive_file", stats.get("inactive_file", 0)))
    reclaimable += int(stats.get("total_active_file", stats.get("active_file", 0)))
    return int(memory["usage"]) - reclaimable


def imports_alone(folder: Path) -> Path:
    """A package whose suite imports what the real one does, and finds every cell passed."""
    package = folder / "harness"
    (package / "suite").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "suite" / "__init__.py").touch()
    (package / "suite" / "__main__.py").write_text(IMPORTS + REPORT)
    return package


def own_tests(folder: Path, model: str) -> float:
    """CPU seconds of the library's own test file of a model."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    file = folder / "models" / model / f"test_modeling_{model}.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    subprocess.run(command, cwd=folder.parent, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def one_model(
    measure: Callable[[Path, Sequence[Cell]], Took], cells: Sequence[Cell], rounds: int
) -> list[float]:
    """Seconds of a model's cells beyond the imports, a round each; the two kinds are interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        empty = imports_alone(Path(folder))
        return [
            measure(ROOT / "harness", cells).seconds - measure(empty, cells).seconds for _ in range(rounds)
        ]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of one model")
    parser.add_argument("--memory", type=float, default=6.0, help="GiB")
    parser.add_argument("--cpus", default="0-1")
    parser.add_argument("--model", action="append", default=[], help="these alone, not the whole library")
    parser.add_argument("--tests", type=Path, help="the folder `tests` of the library's repository")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    client, matrix = connect(), load(ROOT)
    device, parameters = matrix.device("cpu"), Parameters()
    rows = {row.id: row for row in matrix.models}
    chosen = [rows[name] for name in arguments.model] or list(matrix.models)

    def measure(package: Path, cells: Sequence[Cell]) -> Took:
        return run(client, package, cells, int(arguments.memory * GIB), arguments.cpus)

    def cells_of(*models: str) -> tuple[Cell, ...]:
        return plan(matrix, [rows[name] for name in models], device, Suite.FUNCTIONAL, [parameters])

    single = {name: one_model(measure, cells_of(name), arguments.rounds) for name in GIVEN_CPU_S}
    whole = measure(ROOT / "harness", cells_of(*(row.id for row in chosen)))
    theirs = {name: own_tests(arguments.tests, name) for name in GIVEN_CPU_S} if arguments.tests else {}
    found = {
        "cpu": provenance.cpu(),
        "engine": version(client),
        "library": asdict(whole),
        "beyond_imports_s": single,
        "own_tests_cpu_s": theirs,
    }
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{found['cpu']}; {found['engine']}; CPUs {arguments.cpus}, {arguments.memory:g} GiB, one container"
    )
    print(
        f"{sum(whole.outcomes.values())} cells: {whole.seconds:.0f} s, {whole.peak_bytes / GIB:.2f} GiB, ",
        end="",
    )
    print(
        f"attempts: {whole.attempts}, {whole.outcomes}; "
        f"CPU {whole.cpu_s:.0f} s, of it the cells {whole.cell_cpu_s:.0f} s"
    )
    print("slowest:", ", ".join(f"{cell} {seconds:g} s" for cell, seconds in whole.slowest))
    for name, values in single.items():
        classes = len(rows[name].classes)
        print(
            f"{name}, {classes} classes, beyond the imports: {min(values):.1f} to {max(values):.1f} s",
            end="; ",
        )
        measured = (
            f"{theirs[name]:.0f} s, measured" if name in theirs else f"{GIVEN_CPU_S[name]:g} s, as given"
        )
        print(f"its own test file in the library, CPU: {measured}")


if __name__ == "__main__":
    main()
