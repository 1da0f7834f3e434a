"""Rows of model types that write or hear sound with a generate of their own."""

from typing import Any

import torch
from transformers import GenerationConfig

from harness.suite.models.peculiar.records import Peculiarity as Row

CODES = 4
"""Steps of codes in a prompt that has sound."""
COMPOSER = "composer1"
STYLES = 21
"""Composers that the table of Pop2Piano's default configuration holds."""


def with_sound(context: Any) -> torch.Tensor:
    """(1, tokens) with a place for each step of codes."""
    ids: torch.Tensor = context.tokens("input_ids", context.shape.tokens, context.vocabulary())
    ids[:, 1 : CODES + 1] = context.config.audio_token_id
    return ids


def sound(context: Any) -> torch.Tensor:
    """(1, steps, codebooks): codes below those that open and close a stream."""
    shape = (1, CODES, context.config.num_codebooks)
    return torch.randint(
        context.config.codebook_size - 2, shape, generator=context.generator("audio_input_ids")
    )


def in_a_style(_: Any) -> GenerationConfig:
    """The token of each composer, which a checkpoint's generation configuration has, beside the rest."""
    composers = {f"composer{number + 1}": number for number in range(STYLES)}
    return GenerationConfig(
        composer_to_feature_token=composers, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0
    )


ROWS: dict[str, Row] = {
    "higgs_audio_v2": Row(
        reason=(
            "codes of sound stand in the text; its generate takes no processors of logits but its own, "
            "which are of codebooks"
        ),
        inputs={
            "forced": False,
            "generate": {"min_new_tokens": None},
            "arguments": {
                "input_ids": with_sound,
                "audio_input_ids": sound,
                "audio_input_ids_mask": torch.ones(1, CODES, dtype=torch.bool),
            },
        },
    ),
    "nemo_speechlm": Row(
        reason=(
            "who speaks is a threshold on what the part for diarization says, through which no gradient "
            "passes"
        ),
        frozen=("diarization_model",),
    ),
    "parakeet_tdt": Row(
        reason=(
            "the last logits are of durations: checkpoints suppress them, and start from the token for "
            "nothing"
        ),
        inputs={
            "generate": {
                "decoder_start_token_id": 255,
                "suppress_tokens": [256, 257, 258, 259, 260],
            }
        },
    ),
    "pop2piano": Row(
        reason="it reads a spectrogram in place of embeddings, and to generate the token of a composer first",
        inputs={
            "audio_layout": "frames_first",
            "bins": 64,
            "generate": {"composer": COMPOSER, "generation_config": in_a_style},
            "arguments": {"input_ids": None},
        },
    ),
}
