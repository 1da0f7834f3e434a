"""One model timed by a bare script, by optimum-benchmark 0.6.0 and by us: who is nearer, who sooner.

`python benchmarks/rivals.py --python VENV/bin/python`: the Python named has torch, transformers 4.57.6,
optimum-benchmark 0.6.0 and what the suite imports. Repeats of all ways are interleaved. `--cells 10` times
so many batch sizes at once; `--container` runs ours in the cpu image as well, with the matrix's transformers.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable  # noqa: TC003 — one import block for all
from dataclasses import dataclass
from pathlib import Path

from further_cell import Silent, tiny_gpt2

from harness.matrix.cells import Parameters
from harness.matrix.parameters import sweep
from harness.matrix.records import Suite
from harness.matrix.select import Selection
from harness.request import Request
from harness.run import conduct
from harness.runners.choose import Wish

ROOT = Path(__file__).parents[1]
TINY = {"n_embd": 128, "n_layer": 4, "n_head": 4, "vocab_size": 1024, "n_positions": 512}
INPUT, OUTPUT = 16, 16
ROUNDS, WARM_UP, PROCESSES = 5, 5, 2
"""Rounds of a process, those before them that are not kept, and processes (ours alone has several)."""

BARE = """
import sys, time, statistics, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
warm, rounds, inputs, new = map(int, sys.argv[2:6])
for batch in map(int, sys.argv[6:]):
    ids = torch.randint(0, model.config.vocab_size, (batch, inputs))
    seconds = []
    for _ in range(warm + rounds):
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=new,
                           min_new_tokens=new, pad_token_id=0)
        seconds.append(time.perf_counter() - began)
    print(statistics.median(seconds[warm:]))
"""
OPTIMUM = """
import logging, sys
from optimum_benchmark import *
if __name__ == "__main__":
    folder, launcher, (warm, rounds, inputs, new) = sys.argv[1], sys.argv[2], map(int, sys.argv[3:7])
    for batch in map(int, sys.argv[7:]):
        config = BenchmarkConfig(
            name="rival",
            launcher=InlineConfig() if launcher == "inline" else ProcessConfig(),
            scenario=InferenceConfig(latency=True, warmup_runs=warm, iterations=rounds, duration=0,
                input_shapes={"batch_size": batch, "sequence_length": inputs},
                generate_kwargs={"max_new_tokens": new, "min_new_tokens": new}),
            backend=PyTorchConfig(model=folder, device="cpu", task="text-generation", library="transformers"))
        report = Benchmark.launch(config)
        whole = [p + d for p, d in zip(report.prefill.latency.values, report.decode.latency.values)]
        print("median", sorted(whole)[len(whole) // 2])
"""
SAVE = """
import sys, json, torch
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from tokenizers import Tokenizer, models
torch.manual_seed(0)
folder, fields = sys.argv[1], json.loads(sys.argv[2])
GPT2LMHeadModel(GPT2Config(**fields, bos_token_id=0, eos_token_id=0)).save_pretrained(folder)
words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(fields["vocab_size"])}, "t0"))
PreTrainedTokenizerFast(tokenizer_object=words, pad_token="t0").save_pretrained(folder)
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one command: its wall seconds, and the median generate seconds that it says, a cell each."""

    wall: float
    said: tuple[float, ...]


def script(python: Path, source: str, *arguments: str) -> Timing:
    """A script of its own process; each line that ends in a number is a cell's seconds."""
    began = time.perf_counter()
    done = subprocess.run(
        [python, "-c", source, *arguments]
        if "__main__" not in source
        else [python, _file(source), *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),  # optimum-benchmark writes a log where it is started
    )
    wall = time.perf_counter() - began
    lines = [line.split() for line in done.stdout.splitlines()]
    return Timing(wall, tuple(float(words[-1]) for words in lines if words and _number(words[-1])))


def ours(wish: Wish, batches: tuple[int, ...]) -> Timing:
    """A run of the harness, results read from its store."""
    request = Request(
        suite=Suite.THROUGHPUT,
        device="cpu",
        selection=Selection(models=("gpt2",), phases=("generate",)),
        sweep=sweep(
            Parameters(
                input_tokens=INPUT, output_tokens=OUTPUT, rounds=ROUNDS, processes=PROCESSES, interval=0.0
            ),
            {"batch": batches},
        ),
        wish=wish,
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = conduct(ROOT, Path(folder), request, Silent(), matrix=tiny_gpt2(TINY))
        wall = time.perf_counter() - began
        results = done.store.read().results
    for result in results:
        if not result.report.metrics:
            sys.exit(f"{result.report.cell}: {result.report.outcome}: {result.report.message}")
    return Timing(
        wall, tuple(m.value for result in results for m in result.report.metrics if m.name == "generate_time")
    )


def _file(source: str) -> str:
    path = Path(tempfile.gettempdir()) / "harness-rival.py"
    path.write_text(source)
    return str(path)


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cells", type=int, default=1)
    parser.add_argument("--container", action="store_true")
    parser.add_argument("--skip", default="", help="Ways to leave out, comma between.")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    python, batches = arguments.python.absolute(), tuple(range(1, arguments.cells + 1))
    sizes = [str(number) for number in (WARM_UP, ROUNDS, INPUT, OUTPUT, *batches)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-c", SAVE, folder, json.dumps(TINY)], check=True, capture_output=True)
        ways: dict[str, Callable[[], Timing]] = {
            "bare script": lambda: script(python, BARE, folder, *sizes),
            "ours-host": lambda: ours(Wish(runner="host", python=python), batches),
            "optimum-inline": lambda: script(python, OPTIMUM, folder, "inline", *sizes),
            "optimum-process": lambda: script(python, OPTIMUM, folder, "process", *sizes),
        }
        if arguments.container:
            ways["ours-container"] = lambda: ours(Wish(runner="docker"), batches)
        for name in arguments.skip.split(","):
            ways.pop(name.strip(), None)
        found: dict[str, list[Timing]] = {name: [] for name in ways}
        for _ in range(arguments.repeats):
            for name, way in ways.items():
                found[name].append(way())
                print(f"{name}: {found[name][-1].wall:.1f} s", file=sys.stderr)
    if arguments.json:
        print(json.dumps({name: [(t.wall, t.said) for t in rows] for name, rows in found.items()}))
        return
    print(f"{arguments.cells} cells, {arguments.repeats} repeats, interleaved: medians (from to)")
    base = statistics.median(t.said[0] for t in found["bare script"])
    for name, rows in found.items():
        walls, said = [t.wall for t in rows], [1e3 * t.said[0] for t in rows]
        print(
            f"{name:17s} wall {statistics.median(walls):6.2f} s ({min(walls):.2f} to {max(walls):.2f})   "
            f"generate {statistics.median(said):7.2f} ms ({min(said):.2f} to {max(said):.2f})   "
            f"{statistics.median(said) / 1e3 / base - 1:+.1%} of the script's"
        )


if __name__ == "__main__":
    main()
