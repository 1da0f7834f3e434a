"""How near the estimates of whole models are to the truth: models that do fit, estimated as if they did not.

Each is built from its class and a configuration of moderate width, so that its weights are past any cache and
a round takes no more than a second or so. Of each phase, the whole and the depths of its estimate are timed
one after another in every round, in several forked processes, as a cell is. The truth is the median of the
processes' medians at the whole depth; the estimate never sees it.

Where others use the machine, `--cpu-time` takes seconds of the process's CPU, in one thread, for the clock.

    python benchmarks/depth.py --json depth.json --svg docs/depth.svg
"""

import argparse
import gc
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from harness.matrix.cells import Cell, Parameters
from harness.matrix.load import load
from harness.matrix.records import Checkpoint, Matrix, Suite
from harness.suite.forks import Job, Said, Say, serve
from harness.suite.throughput.clock import now
from harness.suite.throughput.design import Design
from harness.suite.throughput.estimate import estimate
from harness.suite.throughput.phases import PHASES, Phase
from harness.suite.throughput.trial import plan_depths
from harness.suite.throughput.workload import Workload

ROOT = Path(__file__).parents[1]
Clock = Callable[[], float]
DEADLINE_S = 1800.0
GENERATION, ENCODING = ("prefill", "decode"), ("forward",)
WANTED = {"held": 0.85, "error": 0.05}
"""The least share of truths within their 90 % interval, and the largest median error."""


@dataclass(frozen=True)
class Case:
    """A model of the matrix, at the width at which it is timed."""

    model: str
    family: str
    phases: tuple[str, ...] = GENERATION
    fields: dict[str, Any] = field(default_factory=dict)
    asked: Parameters = field(default_factory=Parameters)


CASES = (
    Case("gpt2", "dense"),
    Case("qwen25_0_5b", "dense"),
    Case(
        "llama",
        "dense",
        fields={
            "hidden_size": 1024,
            "intermediate_size": 2816,
            "num_hidden_layers": 16,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
        },
    ),
    Case(
        "gemma3_text",
        "sliding and full attention",
        fields={
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 18,
            "num_attention_heads": 4,
            "num_key_value_heads": 1,
            "vocab_size": 64000,
            "sliding_window": 256,
        },
        asked=Parameters(input_tokens=512),
    ),
    Case(
        "mixtral",
        "mixture of experts",
        fields={
            "hidden_size": 512,
            "intermediate_size": 1792,
            "num_hidden_layers": 12,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
        },
    ),
    Case(
        "deepseek_v3",
        "mixture of experts",
        fields={
            "hidden_size": 768,
            "intermediate_size": 3072,
            "moe_intermediate_size": 512,
            "num_hidden_layers": 16,
            "num_attention_heads": 12,
            "num_key_value_heads": 12,
            "n_routed_experts": 16,
            "n_group": 4,
            "topk_group": 2,
            "num_experts_per_tok": 4,
            "q_lora_rank": 384,
            "kv_lora_rank": 256,
            "vocab_size": 32000,
        },
    ),
    Case(
        "jamba",
        "hybrid",
        fields={
            "hidden_size": 768,
            "intermediate_size": 2048,
            "num_hidden_layers": 24,
            "num_attention_heads": 12,
            "num_key_value_heads": 4,
            "num_experts": 4,
            "mamba_dt_rank": 48,
            "use_mamba_kernels": False,
        },
    ),
    Case(
        "qwen3_next",
        "hybrid",
        fields={
            "hidden_size": 768,
            "num_hidden_layers": 16,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "head_dim": 128,
            "num_experts": 16,
            "num_experts_per_tok": 4,
            "moe_intermediate_size": 512,
            "shared_expert_intermediate_size": 512,
            "linear_num_value_heads": 16,
            "linear_num_key_heads": 8,
            "vocab_size": 50000,
        },
    ),
    Case(
        "t5",
        "encoder and decoder",
        fields={"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12},
    ),
    Case(
        "bart",
        "encoder and decoder",
        fields={"d_model": 768, "encoder_layers": 12, "decoder_layers": 6, "encoder_ffn_dim": 3072},
    ),
    Case("vit", "vision", ENCODING, asked=Parameters(batch=4)),
    Case("dinov2", "vision", ENCODING, asked=Parameters(batch=2)),
    Case("bert", "encoder", ENCODING, asked=Parameters(batch=2)),
)


@dataclass(frozen=True)
class Found:
    """One phase of one model."""

    model: str
    family: str
    phase: str
    design: Design
    method: str
    truth: float
    """Seconds of the phase's round at the whole depth."""
    value: float
    low: float
    high: float
    spread: float
    """(largest - smallest) / median of the processes' truths: what the machine itself is sure of."""
    seconds: tuple[dict[int, list[float]], ...]
    """Of each process and depth, one a round; the whole's among them."""

    @property
    def error(self) -> float:
        """(estimate - truth) / truth."""
        return self.value / self.truth - 1

    @property
    def holds(self) -> bool:
        """Whether the truth lies within the interval."""
        return self.low <= self.truth <= self.high


def cell_of(matrix: Matrix, case: Case, threads: int) -> Cell:
    """The case as a cell, whose whole depth is measured too."""
    row = next(model for model in matrix.models if model.id == case.model)
    given = row.checkpoint.config if row.checkpoint else {}
    return Cell(
        id=case.model,
        model=replace(row, classes=row.classes[:1], checkpoint=Checkpoint(config={**given, **case.fields})),
        suite=Suite.THROUGHPUT,
        device="cpu",
        torch_device="cpu",
        parameters=replace(case.asked, output_tokens=6, threads=threads, verify=True),
        checks=(),
        phases=case.phases,
        tolerances={},
        known_failures={},
        timeout_s=DEADLINE_S,
    )


def child(cell: Cell, rounds: int, clock: Clock, say: Say) -> None:
    """All phases of a cell in this process: their designs, and the seconds of each depth and the whole."""
    torch.set_num_threads(cell.parameters.threads or 1)
    work = Workload.of(cell, None)
    for name in cell.phases:
        phase = PHASES[name]
        design = plan_depths(work, phase)
        if design is None:
            raise SystemExit(f"{cell.id}: nothing to estimate from")
        seconds: dict[int, list[float]] = {depth: [] for depth in (*design.depths, design.layers)}
        for number in range(rounds + 1):
            for depth, kept in seconds.items():
                took = one(work, phase, depth, clock)
                if number:  # the first is a warm-up
                    kept.append(took)
        work.forget()
        say({"phase": name, "design": design.to_json(), "seconds": list(seconds.items())})


def one(work: Workload, phase: Phase, depth: int, clock: Clock) -> float:
    """Seconds of a round at a depth."""
    with work.at_depth(depth):
        state = phase.prepare(work)
        gc.disable()
        began = clock()
        phase.run(work, state)
        took = clock() - began
        gc.enable()
    return took


def measure(cell: Cell, case: Case, processes: int, rounds: int, clock: Clock) -> Iterator[Found]:
    """Each phase of a cell, from all processes' rounds."""
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    jobs = (Job(str(n), DEADLINE_S, lambda say: child(cell, rounds, clock, say)) for n in range(processes))
    for event in serve(jobs, 1):
        if isinstance(event, Said):
            said[event.message["phase"]].append(event.message)
        elif event.code:
            raise SystemExit(f"{cell.id}: {event.output}")
    for phase, messages in said.items():
        design = Design.from_json(messages[0]["design"])
        each = [{int(depth): seconds for depth, seconds in message["seconds"]} for message in messages]
        value, found = estimate([{d: one[d] for d in design.depths} for one in each], design)
        truths = [statistics.median(one[design.layers]) for one in each]
        truth = statistics.median(truths)
        yield Found(
            model=case.model,
            family=case.family,
            phase=phase,
            design=design,
            method=found.method,
            truth=truth,
            value=value,
            low=found.low,
            high=found.high,
            spread=(max(truths) - min(truths)) / truth,
            seconds=tuple(each),
        )


def summary(found: Sequence[Found]) -> dict[str, float]:
    """The two figures that the project wants, over all phases of all models."""
    return {
        "held": sum(one.holds for one in found) / len(found),
        "error": statistics.median(abs(one.error) for one in found),
        "width": statistics.median((one.high - one.low) / one.truth for one in found),
    }


HEADER = f"{'model':14}{'phase':9}{'family':28}{'layers':>7}  {'depths':16}{'truth':>9}{'error':>8}  interval"


def row(one: Found) -> str:
    """A line of the table; the interval as shares of the truth."""
    low, high = one.low / one.truth - 1, one.high / one.truth - 1
    depths = " ".join(str(depth) for depth in one.design.depths)
    what = f"{one.model:14}{one.phase:9}{one.family:28}{one.design.layers:7}  {depths:16}"
    figures = f"{one.truth * 1e3:6.0f} ms{one.error:+8.1%}  {low:+6.1%} to {high:+6.1%}"
    return f"{what}{figures}{'' if one.holds else '  misses'}"


HEIGHT, LEFT, SCALE, EDGE = 18, 190, 500, 0.4
"""Pixels: of a line, of the names, of the whole truth; and how far off it the picture ends, as a share."""
MIDDLE = LEFT + EDGE * SCALE


def svg(found: Sequence[Found]) -> str:
    """The intervals about the truths, a line each: the truth is in the middle."""
    tall, wide = HEIGHT * (len(found) + 2), MIDDLE + EDGE * SCALE + 30
    size = f'width="{wide:.0f}" height="{tall}" font-family="sans-serif" font-size="11"'
    title = "estimate and 90 % interval, off the truth by"
    ticks = (
        f'<text x="{MIDDLE + SCALE * at / 100}" y="{tall - 5}" text-anchor="middle">{at:+d} %</text>'
        for at in (-40, -20, 0, 20, 40)
    )
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MIDDLE}" y="12" text-anchor="middle">{title}</text>',
        f'<path d="M{MIDDLE} {HEIGHT}V{tall - HEIGHT}" stroke="#888"/>',
        *(_bar(one, HEIGHT * (number + 1.6)) for number, one in enumerate(found)),
        *ticks,
        "</svg>",
        "",
    )
    return "\n".join(lines)


def _bar(one: Found, y: float) -> str:
    low, value, high = (
        MIDDLE + SCALE * max(-EDGE, min(EDGE, seconds / one.truth - 1))
        for seconds in (one.low, one.value, one.high)
    )
    colour = "#2a7" if one.holds else "#c33"
    name = f'<text x="4" y="{y + 4:.1f}">{one.model} {one.phase}</text>'
    interval = f'<path d="M{low:.1f} {y:.1f}H{high:.1f}" stroke="{colour}" stroke-width="3"/>'
    return f'{name}{interval}<circle cx="{value:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="of the cases; all where none is named")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    arguments = parser.parse_args()
    clock: Clock = time.process_time if arguments.cpu_time else now
    matrix, found = load(ROOT), list[Found]()
    print(HEADER)
    for case in CASES:
        if arguments.models and case.model not in arguments.models:
            continue
        cell = cell_of(matrix, case, 1 if arguments.cpu_time else arguments.threads)
        for one_found in measure(cell, case, arguments.processes, arguments.rounds, clock):
            found.append(one_found)
            print(row(one_found), flush=True)
    total = summary(found)
    print(
        f"{total['held']:.0%} of {len(found)} truths within their interval (wanted: {WANTED['held']:.0%});"
        f" median error {total['error']:.1%} (wanted: {WANTED['error']:.0%});"
        f" median width {total['width']:.1%}"
    )
    if arguments.json:
        data = {"asked": vars(arguments), "summary": total, "found": [asdict(one) for one in found]}
        arguments.json.write_text(json.dumps(data, default=str, indent=1))
    if arguments.svg:
        arguments.svg.write_text(svg(found))


if __name__ == "__main__":
    main()
