"""Rows of model types that encode text, and of encoder-decoders."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import PARITY
from harness.suite.models.peculiar.records import Peculiarity as Row


def with_token(token: int, *positions: int) -> Any:
    """Token ids with that one at `positions`, which plain text does not hold."""

    def make(context: Any) -> torch.Tensor:
        ids: torch.Tensor = context.tokens("input_ids", context.shape.tokens, context.vocabulary())
        ids[:, list(positions)] = token
        return ids

    return make


def with_token_in_choices(token: int, *positions: int) -> Any:
    """(1, 2, tokens): two answers, each with that token at `positions`."""

    def make(context: Any) -> torch.Tensor:
        answers = [
            context.tokens(name, context.shape.tokens, context.vocabulary()) for name in ("first", "second")
        ]
        ids = torch.stack(answers, dim=1)
        ids[:, :, list(positions)] = token
        return ids

    return make


JEV = Row(
    reason="its head stands on a model of any type, and scores the options of questions marked in one prompt",
    wraps="text_config",
    exempt={
        "forward": "its outputs are a score an option of the one prompt it takes, not a row a prompt",
        "batch_equivalence": "a batch is one prompt",
    },
    inputs={
        "arguments": {
            "marks": torch.tensor([[8, 20]]),
            "num_options": torch.tensor([[2, 3]]),
            "question_type_ids": torch.tensor([[0, 2]]),
        }
    },
)


ROWS: dict[str, Row] = {
    "esm": Row(
        reason="vocab_size has no default", base={"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32}
    ),
    "canine": Row(
        reason="it hashes characters, and has no vocabulary",
        inputs={"vocabulary": 256},
        exempt={
            "padding_invariance": "a convolution pools characters in fours and drops the last, padding too"
        },
    ),
    "convbert": Row(
        reason="half of its heads are convolutions",
        exempt={"padding_invariance": "its convolutions reach over the end of the text into the padding"},
    ),
    "funnel": Row(
        reason="it pools the text from block to block",
        exempt={"padding_invariance": "it pools neighbouring tokens, real and padding together"},
    ),
    "JevForDecision": JEV,
    "LongformerForQuestionAnswering": Row(
        reason="it tells question from text by three separators",
        inputs={"arguments": {"input_ids": with_token(2, 6, 7, 23)}},
    ),
    "LongformerForMultipleChoice": Row(
        reason="it tells question from text by three separators",
        inputs={"arguments": {"input_ids": with_token_in_choices(2, 6, 7, 23)}},
    ),
    "mobilebert": Row(
        reason="its head fills up what the embedding lacks of the width, and its layers narrow it",
        fields={"hidden_size": 64, "embedding_size": 32, "intra_bottleneck_size": 32},
        exempt={"padding_invariance": "each token is read with its neighbours, the last with padding"},
    ),
    "pegasus_x": Row(
        reason="a text is padded to whole blocks, beside global tokens",
        fields={"block_size": 8, "num_global_tokens": 4},
    ),
    "reformer": Row(
        reason="the axes of its positions make up width and length, and it hashes texts longer than a chunk",
        fields={
            "attn_layers": ["local", "lsh"],
            "axial_pos_embds_dim": [16, 48],
            "axial_pos_shape": [8, 16],
            "max_position_embeddings": 128,
            "local_attn_chunk_length": 8,
            "lsh_attn_chunk_length": 8,
            "hash_seed": 0,
        },
        exempt={
            **dict.fromkeys(PARITY, "its hash turns by random numbers, and each device draws others"),
            "padding_invariance": "it sorts tokens into buckets and cuts them into chunks, padding and all",
            "gradients": "its reversible layers are differentiated in training mode only, at one length only",
        },
    ),
    "SplinterForPreTraining": Row(
        reason="it predicts the spans that question tokens stand for",
        inputs={"arguments": {"input_ids": with_token(104, 5, 12)}},
    ),
    "T5GemmaForConditionalGeneration": Row(
        reason="its decoder starts from the token that begins a text, and masks the padding token",
        inputs={"generate": {"decoder_start_token_id": 2}},
    ),
    "T5GemmaEncoderModel": Row(
        reason="it refuses a configuration that has a decoder", fields={"is_encoder_decoder": False}
    ),
    **dict.fromkeys(
        ("XLNetForSequenceClassification", "XLNetForMultipleChoice"),
        Row(
            reason="it is padded on the left: its summary is the last token's",
            inputs={"padding_side": "left"},
        ),
    ),
    "xmod": Row(
        reason="each language has its adapter, and none is the default",
        fields={"languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
    ),
}
