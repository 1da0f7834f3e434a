"""What a rank does: load its part of the model, compute with the others, write down what it got."""

import os
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.distributed.tensor import DTensor

from harness.suite.outcomes import Unsupported, message_of, of_exception
from harness.suite.parallel.answers import answers
from harness.suite.parallel.job import MODEL, Answer, Failure, Job


def work(folder: Path, threads: int) -> None:
    """Do the job in `folder` and leave an answer there, or why there is none."""
    live(folder, threads, lambda rank: answer(folder).save(folder, rank))


def live(folder: Path, threads: int, part: Callable[[int], None]) -> None:
    """The whole life of a rank: its part, of which it is told its number, and why that failed if it did."""
    rank = int(os.environ["RANK"])
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        part(rank)
    except BaseException as error:  # noqa: BLE001 — whatever it is, whoever started us reports it
        Failure(rank=rank, outcome=of_exception(error), message=message_of(error)).save(folder)
        os._exit(1)  # at once: the collectives that others wait in have threads here, which would wait too
    torch.distributed.destroy_process_group()


def answer(folder: Path) -> Answer:
    """The job's outputs from the model that all ranks hold together."""
    job = Job.load(folder)
    kind = getattr(import_module(job.module), job.name)
    model = kind.from_pretrained(folder / MODEL, dtype=job.dtype, **sharding()).eval()
    parameters = list(model.parameters())
    local = [p.to_local() if isinstance(p, DTensor) else p for p in parameters]
    places = {tensor.device.type for tensor in local}
    if places != {job.device}:
        raise Unsupported(f"the library puts the parts on {', '.join(sorted(places))}, not on {job.device}")
    return Answer(
        outputs=answers(model, job),
        sharded=sum(part.numel() < whole.numel() for part, whole in zip(local, parameters, strict=True)),
        held=sum(tensor.numel() for tensor in local),
        total=sum(tensor.numel() for tensor in parameters),
    )


def sharding() -> dict[str, Any]:
    """The argument of `from_pretrained` that shards by the model's own plan, in this release's words."""
    found = getattr(getattr(transformers, "distributed", None), "DistributedConfig", None)
    if found is not None and "tp_plan" in {field.name for field in fields(found)}:
        return {"distributed_config": found(tp_plan="auto")}
    return {"tp_plan": "auto"}  # until 5.18
