"""The table of docs/fit.md is what is computed."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.records import Checkpoint, Model
from harness.results.accelerators import ACCELERATORS
from harness.results.fit import Needs, fit
from harness.suite.fit.sheet import sheet

LLAMA_70B = {
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
LLAMA_90B_VISION = {
    "hidden_size": 1280,
    "attention_heads": 16,
    "num_hidden_layers": 32,
    "num_global_layers": 8,
    "intermediate_size": 5120,
    "vision_output_dim": 7680,
    "image_size": 560,
    "intermediate_layers_indices": [3, 7, 15, 23, 30],
}
CHECKPOINTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama31_70b": ("llama", "LlamaForCausalLM", LLAMA_70B),
    "mixtral_8x7b": ("mixtral", "MixtralForCausalLM", {"max_position_embeddings": 32768}),
    "deepseek_r1_distill_llama_70b": ("llama", "LlamaForCausalLM", LLAMA_70B),
    "gemma2_27b": (
        "gemma2",
        "Gemma2ForCausalLM",
        {
            "hidden_size": 4608,
            "intermediate_size": 36864,
            "num_hidden_layers": 46,
            "num_attention_heads": 32,
            "num_key_value_heads": 16,
            "head_dim": 128,
            "sliding_window": 4096,
        },
    ),
    "internlm2_20b": (
        "llama",
        "LlamaForCausalLM",
        {
            "hidden_size": 6144,
            "intermediate_size": 16384,
            "num_hidden_layers": 48,
            "num_attention_heads": 48,
            "num_key_value_heads": 8,
            "vocab_size": 92544,
            "max_position_embeddings": 32768,
        },
    ),
    "llama32_vision_90b": (
        "mllama",
        "MllamaForConditionalGeneration",
        {
            "text_config": LLAMA_70B
            | {
                "model_type": "mllama_text_model",
                "num_hidden_layers": 100,
                "cross_attention_layers": list(range(3, 100, 5)),
            },
            "vision_config": LLAMA_90B_VISION | {"model_type": "mllama_vision_model"},
        },
    ),
}
"""Model type, class and fields of the checkpoints' own config.json; StarCoder2 is a row of the matrix."""
(H100,) = (row for row in ACCELERATORS if row.name == "H100")
TEXT = (Path(__file__).parents[3] / "docs" / "fit.md").read_text()
TABLE = {
    cells[0].strip(" `"): [cell.strip() for cell in cells[1:]]
    for line in TEXT.splitlines()
    if re.match(r"\| `", line) and (cells := line.strip("|").split("|"))
}


@pytest.mark.parametrize("name", TABLE)
def test_a_row_of_the_guide_is_what_is_computed(rows: dict[str, Model], name: str) -> None:
    row = rows[name] if name in rows else checkpoint(name)
    found = sheet(row)
    needs = Needs(found, "bfloat16")
    total, asked, size, _, *placed = TABLE[name]
    assert f"{found.parameters.total:,}" == total
    assert f"{needs.weights / 1e9:.1f}" == size
    assert float(asked) == pytest.approx(float(size), rel=0.02)
    short, whole = (fit(needs, H100, context) for context in (4096, needs.positions))
    assert [str(found) for found in (short.devices, short.batch, whole.devices)] == placed


@pytest.mark.parametrize(("name", "tokens"), [("llama31_70b", "15,992"), ("llama32_vision_90b", "104,663")])
def test_the_longest_contexts_that_are_named_are_what_is_computed(name: str, tokens: str) -> None:
    found = fit(Needs(sheet(checkpoint(name)), "bfloat16"), H100, 4096)
    assert f"{found.context:,}" == tokens
    assert tokens in TEXT


def test_every_row_that_was_asked_for_is_there() -> None:
    assert TABLE.keys() == CHECKPOINTS.keys() | {"starcoder2_15b"}


def checkpoint(name: str) -> Model:
    model_type, model_class, fields = CHECKPOINTS[name]
    return Model(
        id=name,
        model_type=model_type,
        architecture="decoder-only",
        classes=(model_class,),
        checkpoint=Checkpoint(config=fields),
    )
