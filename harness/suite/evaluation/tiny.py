"""A checkpoint of random weights that answers questions: a model's class at tiny width, and bytes for tokens.

It is what `--weights tiny` evaluates: the whole path from a model's row to its scores, without a download.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from harness.matrix.records import Model
from harness.suite.models.build import drawn, model_class, tiny_config_of
from harness.suite.models.processors.vocabulary import SIZE_FIELDS, STANDARD, Vocabulary, make_vocabulary
from harness.suite.models.rules import POSITIONS, VOCAB, Kind, rule_of
from harness.suite.outcomes import Unsupported

BYTES = "".join(sorted(pre_tokenizers.ByteLevel.alphabet()))
"""A character for each of the 256 bytes, as GPT-2 writes them."""
TOKENS = VOCAB + 64
"""Tokens of the vocabulary: all bytes, and room for the special ones beside them."""
CONTEXT = 4096
"""Positions at least: a question of five examples and the longest answer of a category, in bytes."""
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)
START = "decoder_start_token_id"


def tiny_checkpoint(model: Model, folder: Path, seed: int = 0) -> Path:
    """Write a tiny model of the row's class and its tokenizer into the folder, as `save_pretrained` does.

    `Unsupported` where a model of that class answers no questions, or is code of its own.
    """
    if model.remote_code:
        raise Unsupported(f"{model.model_class} is code of its own, which cannot be had at tiny width")
    found: Any = model_class(model)
    require_answers(found)
    built = drawn(found, roomy(tiny_config_of(model)), seed)
    built.save_pretrained(folder)
    byte_tokenizer(built.config, ends=built.config.is_encoder_decoder).save_pretrained(folder)
    return folder


def require_answers(model_class: Any) -> None:
    """`Unsupported`, with the reason, where a class cannot be asked a question in text."""
    name = model_class.__name__
    if not model_class.can_generate():
        raise Unsupported(f"{name} answers no questions: it neither continues a text nor generates one")
    if model_class.main_input_name != "input_ids":
        raise Unsupported(f"{name} answers no questions in text: it reads {model_class.main_input_name}")


def roomy(config: Any) -> Any:
    """The tiny configuration with room for bytes and for long questions, sub-configurations included."""
    fields = _roomy(config.to_dict())
    if config.is_encoder_decoder and fields.get(START) is None:
        fields[START] = 0  # as T5's checkpoints say, and no class of its own accord
    return type(config).from_dict(fields)


def _roomy(fields: Mapping[Any, Any]) -> dict[Any, Any]:
    return {
        name: _roomy(value) if isinstance(value, Mapping) else _larger(name, value)
        for name, value in fields.items()
    }


def _larger(name: Any, value: Any) -> Any:
    """The value of a field of that name; what is not at its tiny size is left alone."""
    rule = rule_of(name) if isinstance(value, int) and isinstance(name, str) else None
    if value == VOCAB and name in SIZE_FIELDS:
        return TOKENS
    if value == POSITIONS and rule is not None and rule.kind is Kind.POSITIONS:
        return CONTEXT
    return value


def byte_tokenizer(config: Any, *, ends: bool) -> Any:
    """A fast tokenizer, a token a byte, whose special tokens are at the configuration's ids.

    It writes a start token before each text or, where `ends`, an end token after it.
    """
    vocabulary = make_vocabulary(config, letters=BYTES)
    return PreTrainedTokenizerFast(
        tokenizer_object=_backend(vocabulary, ends=ends),
        model_max_length=CONTEXT,
        chat_template=CHAT_TEMPLATE,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": vocabulary.roles[f"{name}_token"] for name in STANDARD},
    )


def _backend(vocabulary: Vocabulary, *, ends: bool) -> Tokenizer:
    """Bytes and no merges, so that any text is read and given back as it is."""
    start, end = (vocabulary.roles[f"{name}_token"] for name in ("bos", "eos"))
    backend = Tokenizer(models.BPE(vocab=vocabulary.ids, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.TemplateProcessing(
        single=["$A", end] if ends else [start, "$A"],
        pair=["$A", "$B:1", f"{end}:1"] if ends else [start, "$A", "$B:1"],
        special_tokens=[(token, vocabulary.ids[token]) for token in {start, end}],
    )
    backend.add_special_tokens(sorted(set(vocabulary.roles.values())))
    return backend
