"""The tasks of the library's pipelines: what each is built from, what it is asked, and what it promises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from harness.suite.functional import promises
from harness.suite.functional.checkpoints import CALLED_WITH, SPEECHLESS
from harness.suite.functional.promises import LABELS, TEXT
from harness.suite.models.processors.images import IMAGE_SIZE, MOST_PATCHES
from harness.suite.models.processors.multimodal import image_rows
from harness.suite.outcomes import Unsupported

NEW_TOKENS = 3
"""Tokens that a pipeline generates: what is checked is the way to the text, not its length."""
GREEDY = {"max_new_tokens": NEW_TOKENS, "do_sample": False, "num_beams": 1}
SECONDS = 1.0

# Type → the processor's tokens that make an image's place in a text, where it is not the image token alone.
PLACES: dict[str, tuple[str, ...]] = {
    "blip-2": (),
    "florence2": (),
    "fuyu": (),
    "gemma3": ("boi_token",),
    "hunyuan_vl": ("image_start_token", "image_token", "image_end_token"),
    "instructblip": (),
}
ENDED = ("pocket_tts", "gradium_phonon_tts")
"""Types whose prompt ends where the sound begins, which their chat template writes."""

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and named arguments of a pipeline."""


@dataclass(frozen=True, slots=True)
class Case:
    """A pipeline that was built: its model, the parts before it, and the seed of its inputs."""

    model: Any
    parts: dict[str, Any]
    seed: int

    def image(self, number: int = 0) -> Image.Image:
        """A picture of noise."""
        noise = np.random.default_rng((self.seed, number)).integers(0, 256, (*IMAGE_SIZE[::-1], 3))
        return Image.fromarray(noise.astype(np.uint8))

    def audio(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """A tone with noise, at the rate that the feature extractor takes."""
        extractor = self.parts.get("feature_extractor") or self.parts["processor"].feature_extractor
        rate = extractor.sampling_rate
        time = np.arange(int(SECONDS * rate)) / rate
        noise = np.random.default_rng(self.seed).standard_normal(len(time))
        return (0.5 * np.sin(880 * np.pi * time) + 0.1 * noise).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Task:
    """A pipeline's task: the parts it is built from, the call, and what is wrong with an answer."""

    parts: tuple[str, ...]
    call: Callable[[Case], Call]
    faults: Callable[[Any, Case], list[str]]


def _mask(case: Case) -> Call:
    return (TEXT.replace("sat", case.parts["tokenizer"].mask_token),), {}


def _document(case: Case) -> Call:
    boxes = [(word, [40 * i, 10, 40 * i + 30, 30]) for i, word in enumerate(TEXT.split())]
    return (), {"image": case.image(), "question": "where", "word_boxes": boxes}


def _speech(case: Case) -> Call:
    return (case.audio(),), {"generate_kwargs": GREEDY | _start(case)} if case.model.can_generate() else {}


def _start(case: Case) -> dict[str, int]:
    """A checkpoint names the token that its decoder starts from; a bare configuration may not."""
    given = case.model.generation_config
    if not case.model.config.is_encoder_decoder or given.decoder_start_token_id or given.bos_token_id:
        return {}
    return {"decoder_start_token_id": case.parts["tokenizer"].bos_token_id}


def _heard(case: Case) -> Call:
    """A sound and a text about it, to a model that speaks of sounds."""
    processor = case.parts["processor"]
    return (), {"text": f"{processor.audio_token} {TEXT}", "audio": case.audio(), "generate_kwargs": GREEDY}


def _spoken(case: Case) -> Call:
    config = case.model.config
    if config.model_type in SPEECHLESS:
        raise Unsupported(f"{config.model_type} {SPEECHLESS[config.model_type]}")
    own = CALLED_WITH[config.model_type](case.model) if config.model_type in CALLED_WITH else {}
    length = {"max_new_tokens": 2 * NEW_TOKENS} if case.model.can_generate() else {}
    generate = length | own.pop("generate_kwargs", {})
    end = getattr(case.parts["tokenizer"], "audio_bos_token", "") if config.model_type in ENDED else ""
    return (TEXT + end,), own | ({"generate_kwargs": generate} if generate else {})


def _decision(_: Case) -> Call:
    question = {"type": "choice", "criteria": dict.fromkeys(LABELS, "an animal")}
    return ({"state": TEXT, "questions": {"which": question}},), {}


def _image_text(case: Case) -> Call:
    processor, model_type = case.parts["processor"], case.model.config.model_type
    place = "".join(getattr(processor, name, "") for name in PLACES.get(model_type, ("image_token",)))
    named = {"images": case.image(), "text": f"{place} {TEXT}", "generate_kwargs": GREEDY}
    if model_type in PER_CALL:
        named["processor_kwargs"] = PER_CALL[model_type](case)
    return (), named


def _masks(case: Case) -> Call:
    keep_all = {"pred_iou_thresh": -1e9, "stability_score_thresh": -1.0}
    return (case.image(),), {"points_per_crop": 2, "points_per_batch": 2, **keep_all}


# Type → what its processor takes with each call, and forgets from one to the next.
PER_CALL: dict[str, Callable[[Case], dict[str, Any]]] = {
    "kosmos-2": lambda c: {"num_image_tokens": c.model.config.latent_query_num},
    "kosmos-2.5": lambda _: {"max_patches": MOST_PATCHES},
    "pix2struct": lambda _: {"max_patches": MOST_PATCHES},
    "got_ocr2": lambda c: {"num_image_tokens": image_rows(c.model, c.parts["processor"].image_processor)},
}
WHOLE = {"threshold": 0.0, "mask_threshold": 0.0, "overlap_mask_area_threshold": 0.0}
"""Nothing is left out for being unsure."""

TASKS: dict[str, Task] = {
    "feature-extraction": Task(
        ("tokenizer",), lambda _: ((TEXT,), {"return_tensors": True}), promises.features
    ),
    "text-classification": Task(("tokenizer",), lambda _: ((TEXT,), {"top_k": None}), promises.labels),
    "token-classification": Task(
        ("tokenizer",), lambda _: ((TEXT,), {"ignore_labels": []}), promises.token_labels
    ),
    "zero-shot-classification": Task(
        ("tokenizer",), lambda _: ((TEXT,), {"candidate_labels": list(LABELS)}), promises.ranking
    ),
    "fill-mask": Task(("tokenizer",), _mask, promises.fillings),
    "text-generation": Task(("tokenizer",), lambda _: ((TEXT,), GREEDY), promises.continuation),
    "text-to-audio": Task(("tokenizer",), _spoken, promises.waveform),
    "image-feature-extraction": Task(
        ("image_processor",), lambda c: ((c.image(),), {"return_tensors": True}), promises.features
    ),
    "image-classification": Task(
        ("image_processor",), lambda c: ((c.image(),), {"top_k": 10_000}), promises.labels
    ),
    "image-segmentation": Task(("image_processor",), lambda c: ((c.image(),), WHOLE), promises.segments),
    "object-detection": Task(
        ("image_processor",), lambda c: ((c.image(),), {"threshold": 0.0}), promises.boxes
    ),
    "depth-estimation": Task(("image_processor",), lambda c: ((c.image(),), {}), promises.depth),
    "mask-generation": Task(("image_processor",), _masks, promises.masks),
    "keypoint-matching": Task(
        ("image_processor",), lambda c: (([c.image(0), c.image(1)],), {}), promises.matches
    ),
    "zero-shot-image-classification": Task(
        ("tokenizer", "image_processor"),
        lambda c: ((c.image(),), {"candidate_labels": list(LABELS)}),
        promises.choices,
    ),
    "zero-shot-object-detection": Task(
        ("tokenizer", "image_processor"),
        lambda c: ((c.image(),), {"candidate_labels": list(LABELS), "threshold": 0.0}),
        promises.found,
    ),
    "zero-shot-audio-classification": Task(
        ("tokenizer", "feature_extractor"),
        lambda c: ((c.audio(),), {"candidate_labels": list(LABELS)}),
        promises.choices,
    ),
    "audio-classification": Task(
        ("feature_extractor",), lambda c: ((c.audio(),), {"top_k": None}), promises.labels
    ),
    "automatic-speech-recognition": Task(("tokenizer", "feature_extractor"), _speech, promises.transcript),
    "question-answering": Task(
        ("tokenizer",), lambda _: ((), {"question": "where", "context": TEXT}), promises.extract
    ),
    "document-question-answering": Task(("tokenizer",), _document, promises.answer),
    "image-text-to-text": Task(("processor",), _image_text, promises.continuation),
    "text2text-generation": Task(("tokenizer",), lambda c: ((TEXT,), GREEDY | _start(c)), promises.text),
    "image-to-text": Task(
        ("tokenizer", "image_processor"),
        lambda c: ((c.image(),), {"generate_kwargs": GREEDY}),
        promises.text,
    ),
    "visual-question-answering": Task(
        ("tokenizer", "image_processor"), lambda c: ((c.image(), "where"), {}), promises.replies
    ),
    "image-to-image": Task(("image_processor",), lambda c: ((c.image(),), {}), promises.picture),
    "decision": Task(("tokenizer",), _decision, promises.decision),
    "any-to-any": Task(("processor",), _heard, promises.continuation),
}

# Task → why the harness does not ask it.
UNSERVED = {
    "table-question-answering": "it needs pandas, which the images do not hold",
    "video-classification": "it reads video files, which needs PyAV, which the images do not hold",
}
