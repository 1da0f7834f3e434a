"""What every class of a head needs, whatever its model type."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import Peculiarity


def choices(context: Any) -> torch.Tensor:
    """(1, 2, tokens): two answers to choose from."""
    first, second = (
        context.tokens(name, context.shape.tokens, context.vocabulary()) for name in ("first", "second")
    )
    return torch.stack([first, second], dim=1)


HEADS: dict[str, Peculiarity] = {
    "ForSequenceClassification": Peculiarity(
        reason="decoders find a row's end by its padding token; encoder-decoders shift their input",
        base={"pad_token_id": 0, "decoder_start_token_id": 0},
        inputs={"padding_token": True, "arguments": {"decoder_input_ids": None}},
    ),
    "ForMultipleChoice": Peculiarity(
        reason="its rows are several answers",
        inputs={
            "arguments": {
                "input_ids": choices,
                "attention_mask": lambda c: torch.ones(1, 2, c.shape.tokens, dtype=torch.long),
            }
        },
    ),
}
"""The end of a class's name → what it needs."""
