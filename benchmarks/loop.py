"""Whether `generate` is measured as a plain loop would: the same model, the two alternating in one process.

And what a round of pytest-benchmark costs beside what it times. `python benchmarks/loop.py`.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from typing import Any

import pytest
import torch
import transformers
from further_cell import tiny_gpt2

from harness.matrix.cells import Parameters
from harness.matrix.plan import plan
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select
from harness.suite.throughput.measure import Rounds
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.timed import TOTAL
from harness.suite.throughput.workload import Workload

TINY = {"n_embd": 128, "n_layer": 4, "n_head": 4, "vocab_size": 1024, "n_positions": 512}
"""A GPT-2 of 1 million parameters: what is around the model is as large as it gets."""
ASKED = Parameters(input_tokens=16, output_tokens=16)
ALTERNATIONS = 10
ROUNDS = 20
OPTIONS = (
    *(
        "-q",
        "-c",
        os.devnull,
        "--disable-plugin-autoload",
        "-p",
        "pytest_benchmark.plugin",
        "-p",
        "no:cacheprovider",
    ),
    *("--override-ini=python_files=*.py", "--benchmark-disable-gc", "--benchmark-quiet"),
)


class Found:
    """A plugin that keeps what the tests measure; seconds."""

    def __init__(self) -> None:
        self.blocks: dict[str, list[float]] = {"ours": [], "bare": []}
        self.empty: list[float] = []

    @pytest.fixture
    def found(self) -> "Found":
        """Where the tests put it."""
        return self


@pytest.fixture(scope="module")
def work() -> Workload:
    """The model, loaded and warm."""
    transformers.logging.set_verbosity_error()
    matrix = tiny_gpt2(TINY)
    rows = select(matrix, Selection(models=("gpt2",)))
    (cell,) = plan(matrix, rows, matrix.device("cpu"), Suite.THROUGHPUT, [ASKED])
    made = Workload.of(cell, None)
    made.loaded.fill()
    for _ in range(ROUNDS):
        bare(made)
    return made


def bare(work: Workload) -> float:
    """What anyone would write."""
    began = time.perf_counter()
    with torch.inference_mode():
        work.model.generate(
            **work.prompt(),
            do_sample=False,
            max_new_tokens=ASKED.output_tokens,
            min_new_tokens=ASKED.output_tokens,
            pad_token_id=0,
        )
    return time.perf_counter() - began


@pytest.mark.parametrize("alternation", range(ALTERNATIONS))
def test_alternate(
    work: Workload,
    alternation: int,  # noqa: ARG001 — there are so many
    benchmark: Any,
    found: Found,
) -> None:
    """Each of our rounds after one of the loop's: a drift of the machine meets both."""
    rounds = Rounds(work, PHASES["generate"])

    plain: list[float] = []

    def setup() -> tuple[tuple[Any], dict[str, Any]]:
        gc.disable()  # as pytest-benchmark does
        plain.append(bare(work))
        gc.enable()
        return rounds.prepare()

    benchmark.pedantic(rounds.run, setup=setup, teardown=rounds.check, rounds=ROUNDS, iterations=1)
    seconds = rounds.series(list(benchmark.stats.stats.data))[TOTAL][None]
    found.blocks["bare"].append(statistics.median(plain))
    found.blocks["ours"].append(statistics.median(seconds))


def test_an_empty_round(benchmark: Any, found: Found) -> None:
    """What pytest-benchmark adds to a round, and what it takes around one."""
    benchmark.pedantic(lambda _: None, setup=lambda: ((0,), {}), rounds=1000, iterations=1)
    found.empty += list(benchmark.stats.stats.data)


def main() -> int:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = Found()
    code = pytest.main([__file__, *OPTIONS], plugins=[found])
    ours, loops = found.blocks["ours"], found.blocks["bare"]
    ratios = [one / other for one, other in zip(ours, loops, strict=True)]
    empty = statistics.median(found.empty)
    if arguments.json:
        print(json.dumps({"ours_s": ours, "bare_s": loops, "ratio": ratios, "empty_round_s": empty}))
        return int(code)
    print(f"{ALTERNATIONS} alternations of {ROUNDS} rounds, median of each; torch {torch.__version__}")
    for name, seconds in found.blocks.items():
        values = [1e3 * second for second in seconds]
        print(f"{name:6s}{statistics.median(values):8.3f} ms   ({min(values):.3f} to {max(values):.3f})")
    print(f"ratio {statistics.median(ratios):8.4f}      ({min(ratios):.4f} to {max(ratios):.4f})")
    print(f"a round of pytest-benchmark that does nothing: {1e6 * empty:.2f} µs")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
