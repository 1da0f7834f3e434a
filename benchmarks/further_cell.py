"""What a further cell of a sweep costs beside its model and rounds: `python benchmarks/further_cell.py`.

The model is so small that it and its rounds are nearly nothing, so what a cell takes bounds what the harness
takes for it: processes that are forked, the model built and counted in each, results written. Runs of one
cell and of eleven alternate.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from harness.matrix.cells import Parameters
from harness.matrix.load import load
from harness.matrix.parameters import sweep
from harness.matrix.records import Checkpoint, Matrix, Suite
from harness.matrix.select import Selection
from harness.request import Request
from harness.results.record import Result
from harness.run import conduct
from harness.runners import provenance
from harness.runners.choose import Wish
from harness.runners.protocol import Event

ROOT = Path(__file__).parents[1]
TINY = {"n_embd": 32, "n_layer": 2, "n_head": 2, "vocab_size": 64, "n_positions": 512}
FURTHER = 10
PROCESSES = 3


class Silent:
    """Shows nothing of a run."""

    def tell(self, sentence: str) -> None:
        """Nothing."""

    def begin(self, cells: object) -> None:
        """Nothing."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def result(self, result: Result) -> None:
        """Nothing."""


def tiny_gpt2(fields: dict[str, int]) -> Matrix:
    """The checkout's matrix, its gpt2 of another width."""
    matrix = load(ROOT)
    (row,) = (row for row in matrix.models if row.id == "gpt2")
    tiny = replace(row, classes=row.classes[:1], checkpoint=Checkpoint(config=fields))
    return replace(matrix, models=tuple(tiny if model is row else model for model in matrix.models))


def run(wish: Wish, cells: int) -> float:
    """Wall seconds of a run of so many cells."""
    request = Request(
        suite=Suite.THROUGHPUT,
        device="cpu",
        selection=Selection(models=("gpt2",), phases=("fill", "prefill")),
        sweep=sweep(
            Parameters(processes=PROCESSES, interval=0.0, output_tokens=2),
            {"input_tokens": tuple(range(8, 8 + cells))},
        ),
        wish=wish,
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = conduct(ROOT, Path(folder), request, Silent(), matrix=tiny_gpt2(TINY))
        wall = time.perf_counter() - began
        assert done.exit_code == 0
        assert len(done.store.read().results) == cells
    return wall


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runner", choices=["docker", "host"], help="[default: docker where an engine answers]"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    wish = Wish(runner=arguments.runner)
    pairs = [(run(wish, 1), run(wish, 1 + FURTHER)) for _ in range(arguments.repeats)]
    further = [(many - one) / FURTHER for one, many in pairs]
    found = {"a run of one cell": [one for one, _ in pairs], "a further cell": further}
    if arguments.json:
        print(json.dumps({"cpu": provenance.cpu(), "seconds": found}))
        return
    print(f"{provenance.cpu()}; {PROCESSES} processes a cell; {arguments.repeats} repeats; seconds")
    for what, values in found.items():
        print(f"{what:20s}{statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
