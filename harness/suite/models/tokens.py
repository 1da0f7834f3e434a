"""Special tokens of a configuration tree, and their places in the tiny vocabulary."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.suite.models.fields import sub_configs
from harness.suite.models.rules import VOCAB

TOKEN = re.compile(r"(.*_)?(token_ids?|token_index|tokens|token|eos_id|bos_id|pad_id|im_\w+_id|patch_id)")
COUNTED_TOKENS = frozenset(
    {
        "num_register_tokens",
        "mm_tokens_per_image",
        "num_image_tokens",
        "n_cls_tokens",
        "num_global_tokens",
        "num_query_tokens",
        "num_detection_tokens",
        "max_new_tokens",
        "max_text_tokens",
    }
)
"""Numbers of tokens, where the others of that name are tokens."""


def names_tokens(name: str, value: Any) -> bool:
    """Whether the field holds tokens."""
    return bool(TOKEN.fullmatch(name)) and name not in COUNTED_TOKENS and not isinstance(value, bool)


def special_tokens(config: Any) -> frozenset[int]:
    """Every token that a configuration tree names: ids that plain text must not hold."""
    return frozenset(_tokens(config))


def token_map(reference: Any) -> dict[int, int]:
    """Special token ids → ids within the tiny vocabulary, the same everywhere in the configuration tree.

    Ids that fit are kept; the others get free ids from the top down.
    """
    tokens = special_tokens(reference)
    kept = {token for token in tokens if 0 <= token < VOCAB}
    free = iter(sorted(set(range(VOCAB)) - kept, reverse=True))
    return {token: token if token in kept else next(free) for token in sorted(tokens) if token >= 0}


def remapped(value: Any, tokens: Mapping[int, int]) -> Any:
    """The field's value with each token in its place."""
    if isinstance(value, list | tuple):
        return [remapped(entry, tokens) for entry in value]
    return tokens.get(value, value) if isinstance(value, int) else value


def _tokens(config: Any) -> Iterator[int]:
    # By `vars`: checkpoints name tokens that the class has no field for, yet the code reads (Qwen2.5-Omni).
    for name, value in vars(config).items():
        if names_tokens(name, value):
            entries = value if isinstance(value, list | tuple) else [value]
            yield from (e for e in entries if isinstance(e, int) and not isinstance(e, bool))
    for sub in sub_configs(config).values():
        yield from _tokens(sub)
