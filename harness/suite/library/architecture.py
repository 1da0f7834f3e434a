"""Which architecture a model type has, and which of its classes is the principal one."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from harness.suite.library.facts import BASE, ClassFacts, TypeFacts, plain

PRINCIPAL = (
    "IMAGE_TEXT_TO_TEXT",
    "MULTIMODAL_LM",
    "SEQ_TO_SEQ_CAUSAL_LM",
    "TEXT_TO_WAVEFORM",
    "SPEECH_SEQ_2_SEQ",
    "CTC",
    "RNNT",
    "TDT",
    "AUDIO_CLASSIFICATION",
    "AUDIO_FRAME_CLASSIFICATION",
    "TEXT_TO_SPECTROGRAM",
    "TABLE_QUESTION_ANSWERING",
    "MASKED_LM",
    "CAUSAL_LM",
    "DOCUMENT_QUESTION_ANSWERING",
    "ZERO_SHOT_IMAGE_CLASSIFICATION",
    "ZERO_SHOT_OBJECT_DETECTION",
    "VISUAL_QUESTION_ANSWERING",
    "VIDEO_CLASSIFICATION",
    "IMAGE_CLASSIFICATION",
    "OBJECT_DETECTION",
    "UNIVERSAL_SEGMENTATION",
    "SEMANTIC_SEGMENTATION",
    "DEPTH_ESTIMATION",
    "IMAGE_TO_IMAGE",
    "KEYPOINT_MATCHING",
    "TEXT_RECOGNITION",
    "TIME_SERIES_PREDICTION",
    "SEQUENCE_CLASSIFICATION",
    "TOKEN_CLASSIFICATION",
    "QUESTION_ANSWERING",
    BASE,
)
"""The heads that types are used for, the most telling first; past them the first class that is listed."""

SYNTHESIS = {"TEXT_TO_WAVEFORM", "TEXT_TO_SPECTROGRAM", "AUDIO_TOKENIZATION"}
RECOGNITION = {"SPEECH_SEQ_2_SEQ", "CTC", "RNNT", "TDT", "AUDIO_FRAME_CLASSIFICATION", "AUDIO_CLASSIFICATION"}
CONVERSATION = {"IMAGE_TEXT_TO_TEXT", "MULTIMODAL_LM"}
TRANSLATION = {"SEQ_TO_SEQ_CAUSAL_LM"}
SEEING = {
    "CAUSAL_IMAGE_MODELING",
    "BACKBONE",
    "IMAGE_CLASSIFICATION",
    "OBJECT_DETECTION",
    "UNIVERSAL_SEGMENTATION",
    "SEMANTIC_SEGMENTATION",
    "MASK_GENERATION",
    "DEPTH_ESTIMATION",
}
READING = {"MASKED_LM", "CAUSAL_LM", "SEQUENCE_CLASSIFICATION"}


class Subject(NamedTuple):
    """What the rules read."""

    takes: frozenset[str]
    """By the principal class, and by the towers that the configuration has."""
    heads: frozenset[str]
    principal: ClassFacts


class Rule(NamedTuple):
    """An architecture, and when a type has it."""

    architecture: str
    holds: Callable[[Subject], bool]


def _sees(subject: Subject) -> bool:
    return bool(subject.takes & {"image", "video"})


def _synthesises(subject: Subject) -> bool:
    """Its output is a sound: by its head, as a codec, or as a decoder of sound over text."""
    by_head = subject.heads & SYNTHESIS and not subject.heads & (RECOGNITION | CONVERSATION)
    codec = subject.principal.codes and subject.takes == {"audio"}
    spoken = subject.takes == {"text"} and subject.principal.decodes and not subject.heads & TRANSLATION
    return bool((by_head and not _sees(subject)) or codec or (spoken and "SPEECH_SEQ_2_SEQ" in subject.heads))


def _converses(subject: Subject) -> bool:
    """It answers in text about something that is not text alone."""
    answers = "text" in subject.takes and len(subject.takes) > 1 and subject.principal.generates
    by_head = subject.heads & CONVERSATION and subject.takes != {"text"}
    return bool(by_head or (answers and not subject.principal.decodes))


def _looks(subject: Subject) -> bool:
    """It reads images; or pixels as if they were tokens, and then no head of its own is one for text."""
    return "image" in subject.takes or bool(subject.heads & SEEING and not subject.heads & READING)


def _continues(subject: Subject) -> bool:
    """It continues a text; a model that fills gaps may do so too, and is no decoder for it."""
    bare = subject.principal.heads == {BASE} and subject.principal.caches
    return "MASKED_LM" not in subject.principal.heads and (subject.principal.generates or bare)


RULES = (
    Rule("time-series", lambda s: "series" in s.takes),
    Rule("document", lambda s: "boxes" in s.takes and "text" in s.takes),
    Rule("audio", _synthesises),
    Rule("multimodal", _converses),
    Rule("vision-text", lambda s: "text" in s.takes and _sees(s)),
    Rule("audio", lambda s: s.takes == {"text", "audio"} and not s.principal.decodes),
    Rule(
        "speech", lambda s: ("audio" in s.takes and not _sees(s)) or "SPEECH_SEQ_2_SEQ" in s.principal.heads
    ),
    Rule("video", lambda s: "video" in s.takes or "VIDEO_CLASSIFICATION" in s.heads),
    Rule("vision", _looks),
    Rule("encoder-decoder", lambda s: s.principal.decodes),
    Rule("decoder-only", _continues),
    Rule("encoder-only", lambda s: "text" in s.takes),
)
"""The first that holds decides."""

UNTOLD = "encoder-only"
"""Of a type that tells nothing and is part of nothing: whatever it reads, it comes in at its one end."""

EXCEPTIONS = {
    "univnet": ("audio", "a vocoder: features in, a waveform out, and no mapping says so"),
    "mimi_encoder": ("audio", "half of a codec"),
    "pocket_tts_audio_tokenizer_encoder": ("audio", "half of a codec"),
}
"""Types of which the library's facts tell another story than their purpose, with the reason."""


def principal_first(classes: Iterable[ClassFacts]) -> tuple[ClassFacts, ...]:
    """The classes with the principal one before the others, which keep their order."""
    listed = list(classes)
    found = next((row for head in PRINCIPAL for row in listed if head in row.heads), listed[0])
    return (found, *(row for row in listed if row is not found))


def architectures(types: Iterable[TypeFacts]) -> dict[str, str]:
    """Model type → architecture. A part that reads nothing of its own has that of its whole."""
    rows = list(types)
    # The whole gave the module its name; where no type did, it is the one with the most classes.
    ordered = sorted(rows, key=lambda row: (plain(row.model_type) == plain(row.module), len(row.classes)))
    wholes = {row.module: architecture_of(row) for row in ordered}
    return {row.model_type: architecture_of(row) or wholes[row.module] or UNTOLD for row in rows}


def architecture_of(row: TypeFacts) -> str | None:
    """The architecture of a type by its own facts; None where they tell nothing."""
    if row.model_type in EXCEPTIONS:
        return EXCEPTIONS[row.model_type][0]
    principal = principal_first(row.classes)[0]
    part = frozenset({row.part}) if row.part else frozenset[str]()
    subject = Subject(principal.takes | row.towers or part, row.heads, principal)
    return next((rule.architecture for rule in RULES if rule.holds(subject)), None)
