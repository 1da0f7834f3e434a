"""Work counted from the model agrees with torch's own counter, and with formulas worked out by hand."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from harness.matrix.records import Model
from harness.results.sheet import distinct_experts
from harness.suite.models.build import full_config, meta_model
from harness.suite.outcomes import Unsupported
from harness.suite.roofline.counts import Counts, count

WIDTH, INNER, LAYERS, HEADS, KV_HEADS, VOCABULARY = 512, 1536, 4, 8, 2, 8000
ROWS, TOKENS, NEW = 2, 128, 9
ENCODER = {
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "vocab_size": VOCABULARY,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
DECODER = {**ENCODER, "num_key_value_heads": KV_HEADS}
FLOAT32 = 4


def ids(tokens: int = TOKENS) -> torch.Tensor:
    return torch.zeros(ROWS, tokens, dtype=torch.long)


TEXT = {"input_ids": ids()}
IMAGES = {"pixel_values": torch.zeros(ROWS, 3, 224, 224)}
SPEECH = {"input_features": torch.zeros(ROWS, 80, 3000), "decoder_input_ids": ids(1)}

GENERATING: dict[str, tuple[type, Any, dict[str, torch.Tensor]]] = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(n_embd=WIDTH, n_head=HEADS, n_layer=LAYERS), TEXT),
    "llama": (LlamaForCausalLM, LlamaConfig(**DECODER), TEXT),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**DECODER), TEXT),
    "mistral": (MistralForCausalLM, MistralConfig(**DECODER, sliding_window=64), TEXT),
    "starcoder2": (Starcoder2ForCausalLM, Starcoder2Config(**DECODER), TEXT),
    "t5": (T5ForConditionalGeneration, T5Config(), {**TEXT, "decoder_input_ids": ids(1)}),
    "whisper": (WhisperForConditionalGeneration, WhisperConfig(), SPEECH),
}
ENCODING: dict[str, tuple[type, Any, dict[str, torch.Tensor]]] = {
    "bert": (BertForMaskedLM, BertConfig(**ENCODER), TEXT),
    "vit": (ViTForImageClassification, ViTConfig(), IMAGES),
}


def on_meta(kind: Any, config: Any, **more: Any) -> Any:
    with torch.device("meta"):
        return kind._from_config(config, **more).eval()


def torch_counts(run: Callable[[], Any]) -> tuple[int, Any]:
    with torch.inference_mode(), torch.device("meta"), FlopCounterMode(display=False) as counter:
        result = run()
    return counter.get_total_flops(), result


def prompt(model: Any, inputs: dict[str, torch.Tensor]) -> dict[str, Any]:
    """What the library's `generate` gives the first forward."""
    keep = "logits_to_keep" in inspect.signature(model.forward).parameters
    placed = {name: value.to("meta") for name, value in inputs.items()}
    return {**placed, "use_cache": True, **({"logits_to_keep": 1} if keep else {})}


@pytest.mark.parametrize("name", ENCODING)
def test_a_forward_agrees_with_torchs_counter(name: str) -> None:
    kind, config, inputs = ENCODING[name]
    model = on_meta(kind, config)
    expected, _ = torch_counts(lambda: model(**{n: v.to("meta") for n, v in inputs.items()}))
    assert count(model, "forward", inputs).flops == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("name", GENERATING)
def test_prefill_and_decode_agree_with_torchs_counter(name: str) -> None:
    kind, config, inputs = GENERATING[name]
    model = on_meta(kind, config)
    expected, outputs = torch_counts(lambda: model(**prompt(model, inputs)))
    prefill = count(model, "prefill", inputs)
    assert prefill.flops == pytest.approx(expected, rel=0.02)

    def steps() -> None:
        separate = model.config.is_encoder_decoder
        state = {"encoder_outputs": (outputs.encoder_last_hidden_state,)} if separate else {}
        token = {"decoder_input_ids" if separate else "input_ids": ids(1).to("meta")}
        cache = outputs.past_key_values
        for _ in range(NEW - 1):
            cache = model(**token, **state, past_key_values=cache, use_cache=True).past_key_values

    expected, _ = torch_counts(steps)
    decode = count(model, "decode", inputs, NEW)
    assert decode.flops == pytest.approx(expected, rel=0.02)
    assert count(model, "generate", inputs, NEW) == prefill + decode


def test_a_decoders_work_is_the_one_worked_out_by_hand() -> None:
    """2 operations a parameter and position, and 4·H·Q·T a position and layer for attention."""
    model = on_meta(LlamaForCausalLM, LlamaConfig(**DECODER))
    head = WIDTH // HEADS
    layer = WIDTH * (2 * WIDTH + 2 * KV_HEADS * head) + 3 * WIDTH * INNER
    norms = (2 * LAYERS + 1) * WIDTH
    stack, vocabulary = LAYERS * layer, WIDTH * VOCABULARY
    kept = 2 * LAYERS * KV_HEADS * head * FLOAT32  # keys and values of a token, in bytes

    assert count(model, "prefill", TEXT) == Counts(
        flops=2 * ROWS * (TOKENS * stack + vocabulary) + 4 * ROWS * LAYERS * WIDTH * TOKENS**2,
        weight_bytes=FLOAT32 * (stack + norms + vocabulary + ROWS * TOKENS * WIDTH),
        cache_read=0,
        cache_written=ROWS * TOKENS * kept,
    )
    assert count(model, "decode", TEXT, output_tokens=2) == Counts(
        flops=2 * ROWS * (stack + vocabulary) + 4 * ROWS * LAYERS * WIDTH * (TOKENS + 1),
        weight_bytes=FLOAT32 * (stack + norms + vocabulary + ROWS * WIDTH),
        cache_read=ROWS * TOKENS * kept,
        cache_written=ROWS * kept,
    )


def test_a_window_holds_what_is_read_to_its_size() -> None:
    window = 64
    model = on_meta(MistralForCausalLM, MistralConfig(**DECODER, sliding_window=window))
    kept = 2 * LAYERS * KV_HEADS * (WIDTH // HEADS) * FLOAT32
    step = count(model, "decode", TEXT, output_tokens=2)
    assert step.cache_read == ROWS * (window - 1) * kept
    assert step.cache_written == ROWS * kept


def test_decoding_reads_neither_the_encoder_nor_its_projections() -> None:
    model = on_meta(T5ForConditionalGeneration, T5Config())
    crossed = [p for n, p in model.named_parameters() if "EncDecAttention.k" in n or "EncDecAttention.v" in n]
    own = sum(p.nbytes for n, p in model.named_parameters() if n.startswith(("decoder.", "shared.")))
    step = count(model, "decode", {**TEXT, "decoder_input_ids": ids(1)}, output_tokens=2)
    assert step.weight_bytes == pytest.approx(own - sum(p.nbytes for p in crossed), rel=1e-3)


def test_a_recurrent_state_is_read_and_written_whole() -> None:
    config = MambaConfig(hidden_size=64, num_hidden_layers=2, state_size=8, vocab_size=100)
    step = count(on_meta(MambaForCausalLM, config), "decode", {"input_ids": ids(4)}, output_tokens=2)
    state = ROWS * 2 * (2 * 64) * (config.conv_kernel + config.state_size) * FLOAT32
    assert step.cache_read == step.cache_written == state


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_experts_are_read_by_how_many_a_batch_chooses_and_cost_what_each_token_uses(rows: int) -> None:
    experts, each = 8, 2
    config = MixtralConfig(**DECODER, num_local_experts=experts, num_experts_per_tok=each)
    model = on_meta(MixtralForCausalLM, config)
    step = count(model, "decode", {"input_ids": ids()[:1].expand(rows, -1)}, output_tokens=2)
    expert = 3 * WIDTH * INNER
    every = sum(p.numel() for p in model.parameters()) - LAYERS * experts * expert
    every -= WIDTH * (VOCABULARY - rows)  # of the embeddings a row a token
    read = every + LAYERS * distinct_experts(experts, each, rows) * expert
    assert step.weight_bytes == pytest.approx(FLOAT32 * read)
    dense = on_meta(LlamaForCausalLM, LlamaConfig(**DECODER, mlp_bias=False))
    without = count(dense, "decode", {"input_ids": ids()[:1].expand(rows, -1)}, output_tokens=2).flops
    routed = 2 * rows * LAYERS * ((each - 1) * expert + WIDTH * experts)
    assert step.flops == without + routed


def test_bytes_follow_the_dtype_and_operations_do_not() -> None:
    wide, narrow = (
        count(on_meta(Qwen2ForCausalLM, Qwen2Config(**DECODER), dtype=dtype), "decode", TEXT, NEW)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert wide.flops == narrow.flops
    assert wide.moved == 2 * narrow.moved


def test_a_row_of_the_matrix_is_counted_at_full_width(rows: dict[str, Model]) -> None:
    """StarCoder2-15B: nearly all of its 15.96 G parameters are read a step, at two operations each."""
    row = rows["starcoder2_15b"]
    model = meta_model(row, full_config(row), torch.bfloat16)
    step = count(model, "decode", {"input_ids": ids()[:1]}, output_tokens=2)
    assert step.weight_bytes == pytest.approx(2 * 15.66e9, rel=0.01)
    assert step.flops == pytest.approx(2 * 15.66e9, rel=0.01)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_a_model_with_its_weights_counts_as_one_without(phase: str) -> None:
    config = LlamaConfig(**DECODER)
    whole = LlamaForCausalLM._from_config(config).eval()
    assert count(whole, phase, TEXT, NEW) == count(on_meta(LlamaForCausalLM, config), phase, TEXT, NEW)


def test_a_mask_of_ones_says_nothing() -> None:
    model = on_meta(LlamaForCausalLM, LlamaConfig(**DECODER))
    masked = {**TEXT, "attention_mask": torch.ones_like(TEXT["input_ids"])}
    assert count(model, "decode", masked, NEW) == count(model, "decode", TEXT, NEW)


def test_a_forward_that_depends_on_values_is_said_to() -> None:
    class Picky(torch.nn.Module):
        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            return input_ids[: int(input_ids.sum())]

    with pytest.raises(Unsupported, match="cannot be counted without values"):
        count(Picky(), "forward", TEXT)
