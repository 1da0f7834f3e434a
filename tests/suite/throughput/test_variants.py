"""Compiled, cached in another way: the same tokens, or a sentence on why it cannot be had."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.peak import held
from harness.suite.throughput.phases import PHASES, Decoding
from harness.suite.throughput.starting import FIRST, LATER
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4)
LIMIT = 8 << 30


def decoded(work: Workload) -> Decoding:
    """Where decoding stands after its last token."""
    state: Decoding = PHASES["decode"].prepare(work)
    PHASES["decode"].run(work, state)
    return state


@pytest.mark.parametrize("name", ["gpt2", "llama", "mixtral", "qwen25_0_5b", "t5", "whisper"])
def test_a_cache_that_is_allocated_once_never_grows_and_chooses_the_same_tokens(
    name: str, make_workload: MakeWorkload
) -> None:
    dynamic, static = (
        make_workload(name, parameters=replace(PARAMETERS, cache=cache)) for cache in ("dynamic", "static")
    )
    started: Decoding = PHASES["decode"].prepare(static)
    size = held(started.step.cache)
    PHASES["decode"].run(static, started)
    grown = decoded(dynamic)
    assert held(started.step.cache) == size >= held(grown.step.cache) > 0
    assert torch.equal(started.step.token, grown.step.token)


def test_generation_with_a_static_cache_makes_one(make_workload: MakeWorkload) -> None:
    work = make_workload("llama", parameters=replace(PARAMETERS, cache="static"))
    seen: list[str] = []
    work.model.register_forward_pre_hook(
        lambda _, __, given: seen.append(type(given["past_key_values"]).__name__), with_kwargs=True
    )
    phase = PHASES["generate"]
    phase.run(work, phase.prepare(work))
    assert set(seen) == {"StaticCache"}


def test_an_attention_is_the_one_that_was_asked_for(make_workload: MakeWorkload) -> None:
    for attention in ("eager", "sdpa"):
        work = make_workload("llama", parameters=replace(PARAMETERS, attention=attention))
        assert work.model.config._attn_implementation == attention


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("llama", {"attention": "flash_attention_2"}, "needs the package flash-attn"),
        ("bert", {"cache": "static"}, "takes no cache that could be allocated once"),
        ("mamba", {"cache": "static"}, "takes no cache that could be allocated once"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(
    name: str, changed: dict[str, Any], said: str, make_workload: MakeWorkload
) -> None:
    cell = make_workload(name, parameters=replace(PARAMETERS, **changed)).cell
    with pytest.raises(Unsupported, match=said):
        Workload.of(cell, LIMIT)


def test_an_attention_that_a_class_lacks_is_said_by_the_library(make_workload: MakeWorkload) -> None:
    work = make_workload("resnet", parameters=replace(PARAMETERS, attention="sdpa"))
    with pytest.raises(Unsupported, match="cannot have sdpa attention here: ResNetFor"):
        work.model  # noqa: B018 — build it


def test_without_a_compiler_nothing_is_compiled(
    make_workload: MakeWorkload, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = make_workload("gpt2", parameters=replace(PARAMETERS, mode="compile")).cell
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(
        Unsupported, match=r"needs a C.. compiler on the CPU, and there is no no-such-compiler"
    ):
        Workload.of(cell, LIMIT)


@pytest.mark.skipif(
    shutil.which("g++") is None, reason="torch.compile needs a C++ compiler, and there is none"
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, by its own compiler
def test_the_first_call_of_a_compiled_model_compiles_it(make_workload: MakeWorkload) -> None:
    work = make_workload("bert", parameters=replace(PARAMETERS, mode="compile"))
    plain = make_workload("bert", parameters=PARAMETERS)
    phase = PHASES["first_call"]
    found = phase.run(work, phase.prepare(work))
    assert found[FIRST] > 10 * found[LATER]
    with torch.inference_mode():
        assert torch.allclose(work.model(**work.inputs())[0], plain.model(**work.inputs())[0], atol=1e-4)
