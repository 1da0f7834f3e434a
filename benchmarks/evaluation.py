"""What the harness takes for an evaluation on top of lm_eval's own: `python benchmarks/evaluation.py`.

The same questions, checkpoint, batch size and task files, asked in two ways, a process each, which alternate:
lm_eval's `simple_evaluate` in a script, and `python -m harness.suite` as a runner starts it. Questions are
those of `data/sample`, numbered until there are enough; the model is of a row's class, at a width at which a
question takes milliseconds. Where others keep the machine busy, CPU seconds can still be compared.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.evaluation import Here, evaluation
from harness.matrix.load import load
from harness.matrix.questions import FOLDER
from harness.runners import provenance

ROOT = Path(__file__).parents[1]
ENTRY = "llama31_70b"
"""Of the class LlamaForCausalLM."""
DATA = "numbered"
MAX_TOKENS = 16
ROWS = {
    "hellaswag": ("Rowan/hellaswag", "data/validation-00000-of-00001.jsonl", "ctx_a"),
    "gsm8k": ("openai/gsm8k", "main/test-00000-of-00001.jsonl", "question"),
}
"""Dataset → its repository, the file with its questions, and the field that is numbered."""

MAKE = """
import json, sys
from pathlib import Path
from harness.matrix.load import load
from harness.suite.evaluation.tiny import byte_tokenizer, roomy
from harness.suite.models.build import drawn, model_class, tiny_config_of
root, folder, row, fields = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
model = next(model for model in load(root).models if model.id == row)
config = roomy(tiny_config_of(model))
built = drawn(model_class(model), type(config).from_dict(config.to_dict() | fields), 0)
built.save_pretrained(folder)
byte_tokenizer(config, ends=False).save_pretrained(folder)
"""
LM_EVAL = """
import time
began = time.time()
import json, sys
import lm_eval, lm_eval.models.huggingface
from lm_eval.tasks import TaskManager
imported = time.time()
weights, task, folder, count, batch, max_tokens, out = sys.argv[1:]
with_text = {"max_gen_toks": int(max_tokens)}
found = lm_eval.simple_evaluate(
    model="hf",
    model_args={"pretrained": weights, "dtype": "float32"},
    tasks=[task],
    task_manager=TaskManager(include_defaults=False, include_path=[folder]),
    samples={task: list(range(int(count)))},
    batch_size=int(batch),
    device="cpu",
    bootstrap_iters=0,
    gen_kwargs=with_text,
)
with open(out, "w") as file:
    for row in found["samples"][task]:
        file.write(json.dumps(row, default=str) + "\\n")
print(json.dumps({"imports": imported - began, "scores": found["results"][task]}, default=str))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Of one process, in seconds."""

    wall: float
    cpu: float
    """User and system, of what it started as well."""
    before: float
    """Wall seconds until it looked at the questions: imports, mostly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What both ways are given."""

    folder: Path
    data: Path
    weights: Path
    samples: int
    batch: int


def numbered(samples: int, data: Path) -> None:
    """A data root in the official layouts: the sample's, with so many questions a dataset."""
    for repo, name, field in ROWS.values():
        given = ROOT / "data" / "sample" / repo
        for path in (path for path in given.rglob("*") if path.is_file()):
            target = data / repo / path.relative_to(given)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        rows = [json.loads(line) for line in (given / name).read_text().splitlines()]
        made = (rows[number % len(rows)] for number in range(samples))
        lines = [json.dumps(row | {field: f"Case {number}. {row[field]}"}) for number, row in enumerate(made)]
        (data / repo / name).write_text("".join(f"{line}\n" for line in lines))


def cells_of(dataset: str, setting: Setting) -> list[Cell]:
    """The evaluation as the harness plans it."""
    matrix = load(ROOT)
    asked = Asked(
        models=(ENTRY,),
        datasets=(dataset,),
        weights=FOLDER,
        samples=setting.samples,
        batch=setting.batch,
        max_tokens=MAX_TOKENS,
    )
    here = Here(data=DATA, rows=dict.fromkeys(ROWS, setting.samples))
    sweep = [Parameters(dtype="float32", threads=1)]
    return list(evaluation(matrix, matrix.device("cpu"), asked, sweep, here).cells)


def ours(dataset: str, setting: Setting) -> Took:
    """The suite on one cell."""
    with tempfile.TemporaryDirectory(dir=setting.folder) as name:
        cells, out = Path(name) / "cells.json", Path(name) / "out"
        out.mkdir()
        rows = [cell.to_json() for cell in cells_of(dataset, setting)]
        limits = {"memory_bytes": None, "cpus": None}
        cells.write_text(json.dumps({"version": 1, "run": "overhead", "limits": limits, "cells": rows}))
        given = {"HARNESS_DATA": str(setting.data), "HARNESS_WEIGHTS": str(setting.weights)}
        began = time.time()
        wall, cpu, _ = process(["-m", "harness.suite", str(cells), str(out)], Path(name), given)
        report = json.loads((out / "results.jsonl").read_text())
        if report["outcome"] != "passed" or report["facts"]["questions"] != setting.samples:
            sys.exit(f"{report['cell']}: {report['outcome']}: {report['message']}")
        (start,) = (
            row["at"]
            for line in (out / "progress.jsonl").read_text().splitlines()
            if (row := json.loads(line))["event"] == "start"
        )
        return Took(wall=wall, cpu=cpu, before=start - began)


def theirs(dataset: str, setting: Setting) -> Took:
    """lm_eval, in a folder where the data are under the names that its tasks have for them."""
    where = (
        "import lm_eval, pathlib, sys; print(pathlib.Path(lm_eval.__file__).parent / 'tasks' / sys.argv[1])"
    )
    tasks = subprocess.run(
        [sys.executable, "-c", where, dataset], check=True, capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory(dir=setting.folder) as name:
        place = Path(name) / "place"
        place.mkdir()
        for entry in setting.data.iterdir():
            (place / entry.name).symlink_to(entry)
        counts = [str(number) for number in (setting.samples, setting.batch, MAX_TOKENS)]
        command = ["-c", LM_EVAL, str(setting.weights), dataset, tasks, *counts, str(Path(name) / "samples")]
        given = {"HF_DATASETS_OFFLINE": "1", "HF_DATASETS_CACHE": str(Path(name) / "cache")}
        wall, cpu, said = process(command, place, given)
        return Took(wall=wall, cpu=cpu, before=json.loads(said.splitlines()[-1])["imports"])


def process(command: list[str], place: Path, given: Mapping[str, str]) -> tuple[float, float, str]:
    """Wall and CPU seconds of a Python process and of what it waits for, and what it printed."""
    plain = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "HOME": str(place)}
    environment = {**os.environ, **plain, **given}
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as errors:
        started = subprocess.Popen(
            [sys.executable, *command], cwd=place, env=environment, stdout=said, stderr=errors
        )
        _, status, used = os.wait4(started.pid, 0)
        wall = time.perf_counter() - began
        started.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if started.returncode:
            sys.exit(f"{' '.join(command)[:200]} failed:\n{errors.read()[-4000:]}")
        said.seek(0)
        return wall, used.ru_utime + used.ru_stime, said.read()


WAYS: dict[str, Callable[[str, Setting], Took]] = {"lm_eval": theirs, "ours": ours}


def table(found: Mapping[str, Mapping[str, list[Took]]]) -> None:
    """Medians with their range; ratios are of the rounds."""
    for dataset, ways in found.items():
        for way, rows in ways.items():
            figures = (f"{name} {spread([row[name] for row in map(asdict, rows)])}" for name in NAMES)
            print(f"{dataset:10s} {way:8s} " + "   ".join(figures))
        for name in ("wall", "cpu"):
            pairs = zip(ways["ours"], ways["lm_eval"], strict=True)
            ratios = [getattr(one, name) / getattr(other, name) for one, other in pairs]
            print(f"{dataset:10s} ours by lm_eval's, {name}: {spread(ratios)}")


NAMES = ("wall", "cpu", "before")


def spread(values: list[float]) -> str:
    """The median and the range."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", default=",".join(ROWS), help="[default: %(default)s]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--width", type=int, default=192, help="Hidden size, of four heads.")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    width = arguments.width
    fields = {"hidden_size": width, "intermediate_size": 3 * width, "num_hidden_layers": arguments.layers}
    fields |= {"num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": width // 4}
    datasets = arguments.datasets.split(",")
    found: dict[str, dict[str, list[Took]]] = {name: {way: [] for way in WAYS} for name in datasets}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        setting = Setting(
            folder=folder,
            data=folder / DATA,
            weights=folder / "weights",
            samples=arguments.samples,
            batch=arguments.batch,
        )
        numbered(setting.samples, setting.data)
        process(["-c", MAKE, str(ROOT), str(setting.weights), ENTRY, json.dumps(fields)], folder, {})
        for number in range(arguments.rounds):
            for dataset in datasets:
                for way in sorted(WAYS, reverse=bool(number % 2)):
                    found[dataset][way].append(WAYS[way](dataset, setting))
                    print(f"{dataset} {way}: {found[dataset][way][-1]}", file=sys.stderr)
    if arguments.json:
        told: Any = {
            name: {way: [asdict(row) for row in rows] for way, rows in ways.items()}
            for name, ways in found.items()
        }
        print(json.dumps({"cpu": provenance.cpu(), "seconds": told}))
        return
    print(f"{provenance.cpu()}; {arguments.samples} samples; {arguments.rounds} rounds, alternating; seconds")
    table(found)


if __name__ == "__main__":
    main()
