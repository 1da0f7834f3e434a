"""What the harness itself costs: its command line, recognising an image, and a container.

The cost of a container is measured side by side with the same work as a plain process: an empty suite,
so that both figures are nothing but the way in and out. Rounds of all kinds are interleaved.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.images import build
from harness.matrix.cells import Parameters
from harness.matrix.load import load
from harness.matrix.plan import batches, plan
from harness.matrix.records import Suite
from harness.runners import provenance
from harness.runners.docker import DockerRunner
from harness.runners.engine import connect, version
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import Limits, Runner

ROOT = Path(__file__).parents[1]
EMPTY_SUITE = """
import json, sys
cells = json.load(open(sys.argv[1]))["cells"]
with open(sys.argv[2] + "/results.jsonl", "a") as out:
    for cell in cells:
        out.write(json.dumps({"cell": cell["id"], "outcome": "passed", "message": "", "checks": [],
            "metrics": [], "facts": {}, "started": "2026-01-01T00:00:00+00:00", "seconds": 0.0}) + "\\n")
"""


def cpu_of(*command: str) -> float:
    """CPU seconds, user and system, of a command and what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "harness", *command], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of `work`."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def attempt(runner: Runner, folder: Path, number: int) -> None:
    """One cell of an empty suite, from order to result."""
    matrix = load(ROOT)
    cells = plan(matrix, matrix.models[:1], matrix.device("cpu"), Suite.FUNCTIONAL, [Parameters()])
    (batch,) = batches(cells, matrix.device("cpu"), one_cell_each=False)
    outcomes: list[str] = []
    run = folder / f"{runner.name}-{number}"
    run.mkdir()
    execution = Execution(
        run=f"overhead-{number}",
        folder=run,
        limits=Limits(),
        provenance=provenance.of_host(ROOT, None),
        keep=lambda result: outcomes.append(result.outcome.value),
    )
    execute(batch, runner, execution)
    assert outcomes == ["passed"]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    client, cpu = connect(), load(ROOT).device("cpu")
    image = build.ensure(cpu, ROOT, client, lambda _: None)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        package = folder / "harness"
        (package / "suite").mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "suite" / "__init__.py").touch()
        (package / "suite" / "__main__.py").write_text(EMPTY_SUITE)
        in_container, on_host = (
            DockerRunner(client, image, cpu, package),
            HostRunner(Path(sys.executable), package),
        )
        for number in range(arguments.rounds):
            measured = {
                "harness --help, CPU": cpu_of("--help"),
                "harness matrix list, CPU": cpu_of("matrix", "list"),
                "recognise an unchanged image": seconds(
                    lambda: build.ensure(cpu, ROOT, client, lambda _: None)
                ),
                "an empty cell in a container": seconds(lambda: attempt(in_container, folder, number)),  # noqa: B023 — called at once
                "an empty cell as a process": seconds(lambda: attempt(on_host, folder, number)),  # noqa: B023
            }
            for what, value in measured.items():
                found.setdefault(what, []).append(value)
    found["a container beyond a process"] = [
        inside - outside
        for inside, outside in zip(
            found["an empty cell in a container"], found["an empty cell as a process"], strict=True
        )
    ]
    if arguments.json:
        print(json.dumps({"engine": version(client), "cpu": provenance.cpu(), "seconds": found}))
        return
    print(f"{provenance.cpu()}; {version(client)}; {arguments.rounds} rounds, interleaved; seconds")
    for what, values in found.items():
        print(f"{what:34s}{statistics.median(values):8.3f}   ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
