"""Counts of well-known checkpoints, from fields written here and figures published or worked out by hand."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest

from harness.matrix.records import Checkpoint, Model
from harness.results.sheet import Counted
from harness.suite.fit.parameters import counted as count
from harness.suite.fit.skeleton import skeleton

MakeModel = Callable[..., Model]
LLAMA_2_7B = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
MIXTRAL_8X7B = LLAMA_2_7B | {
    "intermediate_size": 14336,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}
LLAMA_31_405B = {
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
SMALL = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 32}


def counted(model_type: str, name: str, **fields: Any) -> Counted:
    checkpoint = Checkpoint(config=fields)
    row = Model(
        id=model_type,
        model_type=model_type,
        architecture="decoder-only",
        classes=(name,),
        checkpoint=checkpoint,
    )
    return count(skeleton(row))


def test_llama_2_7b() -> None:
    found = counted("llama", "LlamaForCausalLM", **LLAMA_2_7B)
    assert found.total == found.active == 6_738_415_616
    assert found.embeddings == found.head == 32000 * 4096
    assert not found.tied
    (layers,) = found.layers
    assert (layers.kind, layers.layers) == ("full_attention dense", 32)
    assert layers.parameters == layers.active == 4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096


def test_mixtral_8x7b_passes_two_experts_of_eight() -> None:
    found = counted("mixtral", "MixtralForCausalLM", **MIXTRAL_8X7B)
    assert (found.total, found.active) == (46_702_792_704, 12_879_925_248)
    (experts,) = found.experts
    assert (experts.number, experts.chosen) == (8, 2)
    assert experts.parameters == 32 * 8 * 3 * 4096 * 14336
    (layers,) = found.layers
    assert layers.kind == "full_attention moe"
    assert 32 * layers.parameters + 2 * 32000 * 4096 + 4096 == found.total


def test_gpt2_has_its_tied_head_once_and_two_tables() -> None:
    found = counted("gpt2", "GPT2LMHeadModel")
    assert found.total == 124_439_808
    assert found.tied
    assert found.head == 50257 * 768
    assert found.embeddings == 50257 * 768 + 1024 * 768


def test_deepseek_v3_counts_its_shared_expert_and_its_dense_layers() -> None:
    found = counted("deepseek_v3", "DeepseekV3ForCausalLM")
    dense, moe = found.layers
    assert (dense.kind, dense.layers, moe.kind, moe.layers) == (
        "full_attention dense",
        3,
        "full_attention moe",
        58,
    )
    one_expert = 3 * 7168 * 2048
    assert moe.parameters - moe.active == 248 * one_expert
    assert found.total == pytest.approx(671e9, rel=0.001)  # arXiv 2412.19437: 671B, of which 37B active
    assert found.active - found.embeddings == pytest.approx(37e9, rel=0.015)


def test_a_list_of_experts_counts_as_a_fused_tensor_does() -> None:
    """Switch keeps a module an expert; each token passes one of eight."""
    found = counted("switch_transformers", "SwitchTransformersForConditionalGeneration")
    (experts,) = found.experts
    assert (experts.number, experts.chosen) == (8, 1)
    assert experts.parameters == 6 * 8 * 2 * 768 * 2048  # six layers of eight, each with two matrices
    assert found.active == found.total - experts.parameters * 7 // 8


def test_shared_layers_are_counted_where_they_first_stand() -> None:
    found = counted("zamba2", "Zamba2ForCausalLM")
    assert sum(row.layers * row.parameters for row in found.layers) < found.total
    assert found.total == found.active
    first, *others = [row for row in found.layers if row.kind == "hybrid dense"]
    assert first.layers == 1
    assert all(row.parameters < first.parameters for row in others)


def test_kinds_of_layers_are_told_apart() -> None:
    found = counted("jamba", "JambaForCausalLM")
    assert {row.kind: row.layers for row in found.layers} == {
        "linear_attention dense": 12,
        "linear_attention moe": 16,
        "full_attention dense": 4,
    }


def test_buffers_are_no_parameters() -> None:
    """BERT's position ids are a buffer; its positions are a table."""
    model = skeleton(Model(id="bert", model_type="bert", architecture="encoder-only", classes=("BertModel",)))
    assert any(True for _ in model.buffers())
    found = count(model)
    assert found.total == 109_482_240
    assert found.embeddings == (30522 + 512 + 2) * 768
    assert found.head == 0


def test_400_billion_parameters_are_counted_in_seconds() -> None:
    start = perf_counter()
    assert counted("llama", "LlamaForCausalLM", **LLAMA_31_405B).total == 405_853_388_800
    assert perf_counter() - start < 20
