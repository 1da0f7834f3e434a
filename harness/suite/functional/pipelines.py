"""The library's pipelines on the tiny model: the whole way from a text, a picture or a sound to an answer."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers.pipelines import SUPPORTED_TASKS

from harness.suite.functional.checkpoints import BUILT_WITH
from harness.suite.functional.subject import CheckFailed, Finding, Subject
from harness.suite.functional.tasks import TASKS, UNSERVED, Case
from harness.suite.models.processors.audio import tiny_feature_extractor
from harness.suite.models.processors.configs import field
from harness.suite.models.processors.images import has_image_processor, tiny_image_processor
from harness.suite.models.processors.multimodal import tiny_processor
from harness.suite.models.processors.tokenizers import tiny_tokenizer
from harness.suite.outcomes import Unsupported, failed, message_of

if TYPE_CHECKING:
    from harness.suite.functional.checks import Facts

PARTS: dict[str, Callable[[Any], Any]] = {
    "tokenizer": tiny_tokenizer,
    "image_processor": tiny_image_processor,
    "feature_extractor": tiny_feature_extractor,
    "processor": tiny_processor,
}
"""What stands before a model in a pipeline, and how it is made of that model."""

# Tasks that the registry lists every base model for (AutoModel) → the input that a model of the task reads.
BASE_TASKS = {
    "feature-extraction": "input_ids",
    "image-feature-extraction": "pixel_values",
    "zero-shot-audio-classification": "audio",
}
MODALITIES = ("input_ids", "pixel_values", "pixel_values_videos", "input_features", "input_values", "bbox")

WORDLESS = "its tokenizer takes words with boxes, and the pipeline gives a text"
DRAFTS = "reads the keys and states of the model that it assists, and the pipeline gives a text"
# Class → why no pipeline can serve it, though the library's registry lists it for one.
EXCLUDED = {
    "BrosForTokenClassification": "reads a box a token, and the pipeline gives none",
    "EfficientLoFTRModel": "reads pairs of images, and the pipeline gives one",
    "EvollaForProteinText2Text": "reads proteins, and the pipeline gives images",
    "Gemma4AssistantForCausalLM": DRAFTS,
    "Gemma4UnifiedAssistantForCausalLM": DRAFTS,
    "InstructBlipVideoForConditionalGeneration": "reads videos, and the pipeline gives images",
    "KyutaiSpeechToTextModel": "reads codebooks of audio, which no tokenizer makes",
    "LayoutLMv3ForSequenceClassification": WORDLESS,
    "LayoutLMv3ForTokenClassification": WORDLESS,
    "LayoutLMv2ForSequenceClassification": WORDLESS,
    "LayoutLMv2ForTokenClassification": WORDLESS,
    "LxmertModel": "reads regions of an image, and the pipeline gives a text",
    "MusicgenForCausalLM": "reads codebooks of audio, which no tokenizer makes",
    "MusicgenMelodyForCausalLM": "reads codebooks of audio, which no tokenizer makes",
    "MusicgenMelodyModel": "reads codebooks of audio, which no tokenizer makes",
    "MusicgenModel": "reads codebooks of audio, which no tokenizer makes",
    "OmDetTurboForObjectDetection": "reads classes and a task apart, and the pipeline gives one text",
    "VoxtralRealtimeTextModel": "reads the delay that it transcribes with, and the pipeline gives none",
    "ShieldGemma2ForImageClassification": "reads a policy beside the image, and the pipeline gives none",
}

# Task → the tasks of the same class that stand for it: `decision` reads the logits of what generates;
# `any-to-any` is those pipelines in one (and takes no image without torchvision).
STANDS_FOR: dict[str, tuple[str, ...]] = {
    "question-answering": ("document-question-answering",),
    "image-to-text": ("image-text-to-text",),
    "summarization": ("text2text-generation",),
    "translation": ("text2text-generation",),
    "decision": ("text-generation", "image-text-to-text"),
    "any-to-any": ("image-text-to-text", "automatic-speech-recognition", "text-to-audio", "text-generation"),
}


def has_pipeline(facts: "Facts") -> bool:
    """One of the library's pipelines takes the class."""
    return bool(tasks_of(facts.model_class, facts.config))


def pipeline(subject: Subject) -> Finding:
    """Each pipeline that takes the class answers a small input as its task promises."""
    tasks = tasks_of(type(subject.model), subject.model.config)
    faults, refused = [], {}
    for task in tasks:
        try:
            faults += [f"{task}: {fault}" for fault in _faults(task, subject)]
        except Unsupported as reason:
            refused[task] = str(reason)
    if len(refused) == len(tasks):
        raise Unsupported("; ".join(f"{task}: {reason}" for task, reason in refused.items()))
    ran = f"ran {', '.join(task for task in tasks if task not in refused)}"
    left = [f"{task} is unsupported: {reason}" for task, reason in refused.items()]
    return Finding(float(len(faults)), "; ".join([*faults, ran, *left]))


def tasks_of(model_class: Any, config: Any) -> tuple[str, ...]:
    """The tasks of the pipelines that take the class, less those that another stands for."""
    if model_class.__name__ in EXCLUDED:
        return ()
    listed = [task for task, entry in SUPPORTED_TASKS.items() if _holds(entry["pt"], model_class)]
    covered = {task for task, others in STANDS_FOR.items() if set(others) & set(listed)}
    own = tuple(task for task in listed if task not in BASE_TASKS and task not in covered)
    return own or tuple(task for task in listed if _fits(BASE_TASKS[task], model_class, config))


def _faults(task: str, subject: Subject) -> list[str]:
    if task not in TASKS:
        raise Unsupported(UNSERVED.get(task, f"the harness has no input for the pipeline {task}"))
    try:
        torch.manual_seed(subject.seed)
        model = subject.variant()
        parts = {name: PARTS[name](model) for name in TASKS[task].parts}
        case = Case(model, parts, subject.seed)
        extra = BUILT_WITH[model_type](model) if (model_type := model.config.model_type) in BUILT_WITH else {}
        built = transformers.pipeline(task, model=model, device=subject.device, **parts, **extra)
        args, named = TASKS[task].call(case)
        return TASKS[task].faults(built(*args, **named), case)
    except ImportError as error:
        raise Unsupported(message_of(error).removeprefix("ImportError: ").split(". ")[0]) from error
    except Exception as error:
        if not failed(error):
            raise
        raise CheckFailed(f"{task}: {message_of(error)}") from error


def _holds(autos: tuple[Any, ...], model_class: Any) -> bool:
    """One of the Auto classes lists the class, by the library itself or by `register`."""
    for auto in autos:
        mapping = auto._model_mapping  # noqa: SLF001 — the Auto classes' only index
        registered = [entry.__name__ for entry in mapping._extra_content.values()]  # noqa: SLF001
        for names in (*mapping._model_mapping.values(), *registered):  # noqa: SLF001
            if model_class.__name__ in ((names,) if isinstance(names, str) else names):
                return True
    return False


def _fits(modality: str, model_class: Any, config: Any) -> bool:
    """A base model that reads nothing but this; or, for sounds, one that compares them with texts."""
    accepted = inspect.signature(model_class.forward).parameters
    if modality == "audio":
        return hasattr(model_class, "get_audio_features") and hasattr(model_class, "get_text_features")
    required = {n for n, p in accepted.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    alone = [name for name in MODALITIES if name in accepted] == [modality]
    if not alone or config.is_encoder_decoder or not required <= {"self", modality}:
        return False
    frames = field(config, "num_frames") is not None
    return modality == "input_ids" or (not frames and has_image_processor(config))
