"""A tiny tokenizer for any model: a token a letter, and the special tokens of its configuration."""

import inspect
from typing import Any

import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from harness.suite.models.processors.configs import field, text_config
from harness.suite.models.processors.vocabulary import STANDARD, Vocabulary, make_vocabulary, source_of

PLAIN = "PreTrainedTokenizerFast"
# Type → its own tokenizer, where a pipeline calls what only that has.
OWN = {
    "layoutlmv2": "LayoutLMv2TokenizerFast",  # a box a word
    "layoutlmv3": "LayoutLMv3TokenizerFast",  # a box a word
    "whisper": "WhisperTokenizerFast",  # `_decode_asr`: text out of chunks and timestamps
}
DEFAULT_POSITIONS = 512
OFFSET = 2
"""Positions that RoBERTa's count sets aside."""
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: "
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}\n"
    "{% endfor %}"
)


def tiny_tokenizer(model: Any, processor_class: Any = None) -> Any:
    """A fast tokenizer whose special tokens are those of the model's configuration and of its processor."""
    vocabulary = make_vocabulary(model.config, processor_class)
    ends = not model.can_generate() or model.config.is_encoder_decoder
    tokenizer = _dress(vocabulary, _backend(vocabulary, ends=ends), model.config, processor_class)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.model_input_names = _inputs_read(model)
    return tokenizer


def positions(config: Any) -> int:
    """Tokens that the model surely has positions for."""
    found = getattr(text_config(config), "max_position_embeddings", None)
    return found - OFFSET if isinstance(found, int) and found > OFFSET else DEFAULT_POSITIONS


def _dress(vocabulary: Vocabulary, backend: Tokenizer, config: Any, processor_class: Any) -> Any:
    """The plain fast tokenizer around the backend, or the type's own."""
    standard = {f"{name}_token": vocabulary.roles[f"{name}_token"] for name in STANDARD}
    others = {role: text for role, text in vocabulary.roles.items() if role not in standard}
    if "AddedToken(" in source_of(processor_class):
        others.pop("image_token", None)  # BLIP-2's kind adds the token itself, and breaks where it has a name
    named = {**standard, "model_max_length": positions(config), "extra_special_tokens": others}
    own = _tokenizer_class(config, processor_class)
    if "vocab" not in inspect.signature(own.__init__).parameters:
        return own(tokenizer_object=backend, **named)
    tokenizer = own(vocab=vocabulary.ids, merges=[], **named)
    tokenizer._tokenizer = backend  # noqa: SLF001 — in 5.x such a class builds a backend of its own kind
    return tokenizer


def _tokenizer_class(config: Any, processor_class: Any) -> Any:
    """4.57's processors refuse any tokenizer but their own class's; 5.x's take each."""
    asked = getattr(processor_class, "tokenizer_class", None)
    names = [name for name in (asked if isinstance(asked, tuple) else (asked,)) if name]
    fast = next((name for name in names if name.endswith("Fast")), PLAIN)
    return getattr(transformers, OWN.get(config.model_type, fast))


def _backend(vocabulary: Vocabulary, *, ends: bool) -> Tokenizer:
    """Letters and no merges; a start token before each text, and where asked for an end token after it."""
    unknown, start, end = (vocabulary.roles[f"{name}_token"] for name in ("unk", "bos", "eos"))
    backend = Tokenizer(models.BPE(vocab=vocabulary.ids, merges=[], unk_token=unknown))
    backend.normalizer = normalizers.NFC()  # 4.57's own classes read the state of one
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    tail = [end] if ends else []
    backend.post_processor = processors.TemplateProcessing(
        single=[start, "$A", *tail],
        pair=[start, "$A", end, "$B:1", *(f"{token}:1" for token in tail)],
        special_tokens=[(token, vocabulary.ids[token]) for token in {start, end}],
    )
    backend.add_special_tokens(sorted({*vocabulary.roles.values(), *vocabulary.literals}))
    return backend


def _inputs_read(model: Any) -> list[str]:
    """Of the tokenizer's three outputs those that forward takes."""
    accepted = inspect.signature(model.forward).parameters
    types = (field(text_config(model.config), "type_vocab_size") or 0) > 1
    names = ["input_ids"]
    names += ["token_type_ids"] if types and "token_type_ids" in accepted else []
    return names + (["attention_mask"] if "attention_mask" in accepted else [])
