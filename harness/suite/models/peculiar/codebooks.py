"""Rows of model types that read images as tokens of a codebook."""

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

CODES = 16
"""Entries of a tiny codebook of image tokens."""
FIRST_CODE = 64
"""The token that its first entry is."""
PLACEHOLDER, LINE_END = 48, 49


def letters(number: int) -> str:
    """The number's digits as Chameleon's vocabulary spells them: 10 is BA."""
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


CHAMELEON_WORDS = {"<image>": PLACEHOLDER, **{f"IMGIMG{letters(i)}Z": FIRST_CODE + i for i in range(CODES)}}
EMU3_WORDS = {
    "<image>": PLACEHOLDER,
    "<|extra_200|>": LINE_END,
    **{f"<|visual token {i:06d}|>": FIRST_CODE + i for i in range(CODES)},
}

NARROW = {"base_channels": 32, "num_res_blocks": 1}
"""Of an encoder of images: as few channels as its norms have groups."""

ROWS: dict[str, Row] = {
    "chameleon": Row(
        reason="an image becomes tokens of the vocabulary, of which the configuration has no default",
        fields={
            "vocabulary_map": CHAMELEON_WORDS,
            "vq_config.num_embeddings": CODES,
            **{f"vq_config.{name}": value for name, value in NARROW.items()},
            "vq_config.channel_multiplier": [1, 1, 1, 1, 2],
        },
        frozen=("vqmodel",),
        inputs={"image_size": 32},
    ),
    "emu3": Row(
        reason="an image becomes tokens of the vocabulary, of which the configuration has no default",
        fields={
            "vocabulary_map": EMU3_WORDS,
            "vq_config.codebook_size": CODES,
            **{f"vq_config.{name}": value for name, value in NARROW.items()},
            "vq_config.channel_multiplier": [1, 1, 1, 2],
            "vq_config.hidden_size": 64,
        },
        frozen=("vqmodel",),
        inputs={"image_size": 32},
    ),
    "janus_vqgan": Row(
        reason="its channels are so many times as many from stage to stage",
        fields={**NARROW, "channel_multiplier": [1, 1, 1, 1, 2]},
    ),
    "glm_image": Row(
        reason=(
            "the last of the grids of a row is of the image to be made; an image becomes tokens that "
            "are not counted by its features"
        ),
        frozen=("visual", "vqmodel"),
        exempt={
            "bf16_vs_fp32": (
                "images become tokens by the nearest entry of a codebook, another one at the least rounding"
            )
        },
        inputs={
            "grid": 4,
            "image_tokens": 16,
            "arguments": {
                "image_grid_thw": lambda _: torch.tensor([[1, 4, 4], [1, 4, 4]]),
                "images_per_sample": lambda _: torch.tensor([2]),
            },
        },
    ),
    "glm_image_vqmodel": Row(
        reason="it has no forward, and reads features that another model made of an image",
        entry=("encode",),
        exempt={
            "gradients": (
                "the nearest entry of a codebook is a jump; backward passes it by on purpose "
                "(straight through)"
            ),
            "bf16_vs_fp32": "the nearest entry of a codebook is another one at the least rounding",
        },
        inputs={
            "arguments": {
                "hidden_states": lambda c: c.uniform("hidden_states", 1, c.config.latent_channels, 4, 4)
            }
        },
    ),
}
