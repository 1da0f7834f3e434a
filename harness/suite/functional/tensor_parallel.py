"""A model in several processes, each with a part of every weight, against the same model in one."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers.utils import is_accelerate_available

from harness.suite.functional.generation import arguments
from harness.suite.functional.subject import CheckFailed, Finding, Subject, deviation
from harness.suite.models.inputs.rows import placed
from harness.suite.models.peculiar import exempt_checks
from harness.suite.outcomes import Unsupported
from harness.suite.parallel.answers import answers
from harness.suite.parallel.job import MODEL, Answer, Job
from harness.suite.parallel.launch import launch

PROJECTIONS = {"q_proj": "query heads", "k_proj": "key and value heads"}
"""What the library calls the projections into heads, and what each has."""


def tensor_parallel_equivalence(subject: Subject) -> Finding:
    """Each rank of the model sharded by its own plan gives what one process gives.

    Compared are a forward's outputs, the logits of each greedy step, and the tokens. Both models are loaded
    from one folder, so that what differs is that one was sharded.
    """
    require_plan(subject.model)
    require_accelerators(subject.device, subject.ranks)
    require_heads(subject.model, subject.ranks)
    kind = type(subject.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subject.model.save_pretrained(folder / MODEL)
        job = job_of(subject)
        job.save(folder)
        whole = kind.from_pretrained(folder / MODEL, dtype=job.dtype).eval().to(subject.device)
        expected = answers(whole, job)
        launch(folder, subject.ranks, max(1, torch.get_num_threads() // subject.ranks))
        ranks = [Answer.load(folder, rank) for rank in range(subject.ranks)]
    return compared(ranks, expected)


def compared(ranks: Sequence[Answer], expected: Mapping[str, torch.Tensor]) -> Finding:
    """The largest deviation of any rank: each holds the whole of what the model puts out."""
    if not any(rank.sharded for rank in ranks):
        raise CheckFailed("its plan shards none of its parameters: each rank held the whole model")
    worst = max((deviation(rank.outputs, expected) for rank in ranks), key=lambda found: found.deviation)
    share = max(rank.held / rank.total for rank in ranks)
    return Finding(worst.deviation, f"{worst.detail}; a rank held {share:.0%} of the model")


def require_plan(model: Any) -> None:
    """`Unsupported` where the library cannot shard the class here."""
    name = type(model).__name__
    if reason := exemptions(model).get("save_load"):
        raise Unsupported(f"{name} is not loaded from what was saved: {reason}")
    if not getattr(model, "supports_tp_plan", False):
        raise Unsupported(f"{name} has no tensor-parallel plan in this transformers")
    if not is_accelerate_available():
        raise Unsupported(
            "transformers shards a model only where accelerate is installed, which it is not here"
        )


def require_accelerators(device: str, ranks: int) -> None:
    """`Unsupported` where there are fewer accelerators in reach than ranks."""
    kind = device.partition(":")[0]
    if kind != "cpu" and (here := torch.accelerator.device_count()) < ranks:
        raise Unsupported(f"{ranks} processes take an accelerator each, and {here} can be reached")


def exemptions(model: Any) -> Mapping[str, str]:
    """Check → why the design of the model rules it out."""
    return exempt_checks(model.config.model_type, type(model).__name__)


def require_heads(model: Any, ranks: int) -> None:
    """`Unsupported` where the plan would divide a head: attention needs each of them whole."""
    for name, part in model.named_modules():
        owner, _, leaf = name.rpartition(".")
        if leaf not in PROJECTIONS or model.tp_plan.get(re.sub(r"\d+", "*", name)) != "colwise":
            continue
        head_dim = getattr(model.get_submodule(owner), "head_dim", None)
        heads = part.out_features // head_dim if isinstance(head_dim, int) else ranks
        if heads % ranks:
            raise Unsupported(f"{heads} {PROJECTIONS[leaf]} of {owner} cannot be shared by {ranks} processes")


def job_of(subject: Subject) -> Job:
    """What every rank computes, and one process as well."""
    inputs = subject.inputs(batch=2)
    decodes = subject.model.can_generate() and "generate" not in exemptions(subject.model)
    prompt = arguments(subject, subject.prompt(batch=2)) if decodes else None
    return Job(
        module=type(subject.model).__module__,
        name=type(subject.model).__name__,
        dtype=subject.model.dtype,
        device=subject.device.partition(":")[0],
        seed=subject.seed,
        entry=tuple(subject.pins.get("entry", ())),
        inputs={name: placed(value, "cpu") for name, value in inputs.items()},
        prompt=prompt and {name: placed(value, "cpu") for name, value in prompt.items()},
    )
