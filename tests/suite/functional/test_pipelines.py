"""The pipelines: which class has which; right models pass, wrong answers and wrong models do not."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers.pipelines import SUPPORTED_TASKS

from harness.suite.functional import promises
from harness.suite.functional.checks import Facts
from harness.suite.functional.pipelines import EXCLUDED, STANDS_FOR, has_pipeline, pipeline, tasks_of
from harness.suite.functional.promises import LABELS, TEXT
from harness.suite.functional.subject import CheckFailed, Subject
from harness.suite.functional.tasks import TASKS, UNSERVED, Case
from harness.suite.models.build import tiny_pair
from harness.suite.models.inputs.make import Layouts
from harness.suite.outcomes import Unsupported

SERVED = {
    "bert.BertModel": ("feature-extraction",),
    "bert.BertForMaskedLM": ("fill-mask",),
    "bert.BertForSequenceClassification": ("text-classification", "zero-shot-classification"),
    "bert.BertForTokenClassification": ("token-classification",),
    "llama.LlamaForCausalLM": ("text-generation",),
    "vit.ViTModel": ("image-feature-extraction",),
    "vit.ViTForImageClassification": ("image-classification",),
    "segformer.SegformerForSemanticSegmentation": ("image-segmentation",),
    "yolos.YolosForObjectDetection": ("object-detection",),
    "clip.CLIPModel": ("zero-shot-image-classification",),
    "owlvit.OwlViTForObjectDetection": ("zero-shot-object-detection",),
    "llava.LlavaForConditionalGeneration": ("image-text-to-text",),
    "wav2vec2.Wav2Vec2ForCTC": ("automatic-speech-recognition",),
    "wav2vec2.Wav2Vec2ForSequenceClassification": ("audio-classification",),
    "whisper.WhisperForConditionalGeneration": ("automatic-speech-recognition",),
    "speecht5.SpeechT5ForTextToSpeech": ("text-to-audio",),
    "layoutlm.LayoutLMForQuestionAnswering": ("document-question-answering",),
    "qwen2_audio.Qwen2AudioForConditionalGeneration": ("any-to-any",),
    "jev.JevForDecision": ("decision",),
}
"""A class for nearly every task, with the tasks that it is asked."""
NONE = (
    "bert.BertForQuestionAnswering",
    "bert.BertForNextSentencePrediction",
    "t5.T5ForConditionalGeneration",
    "whisper.WhisperModel",
    "videomae.VideoMAEModel",
    "musicgen.MusicgenForCausalLM",
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def built(name: str) -> Subject:
    """The tiny model of `type.Class`."""
    model_type, class_name = name.split(".")
    model = tiny_pair(model_type, class_name, 0)
    return Subject(model, "cpu", 0, Layouts(model))


@pytest.mark.parametrize(("name", "tasks"), SERVED.items())
def test_a_right_model_answers_each_of_its_pipelines(name: str, tasks: tuple[str, ...]) -> None:
    subject = built(name)
    assert tasks_of(type(subject.model), subject.model.config) == tasks
    assert has_pipeline(Facts(type(subject.model), subject.model.config))
    finding = pipeline(subject)
    assert finding.deviation == 0, finding.detail
    assert finding.detail == f"ran {', '.join(tasks)}"


@pytest.mark.parametrize("name", NONE)
def test_a_class_that_no_pipeline_takes_is_not_checked(name: str) -> None:
    model_type, class_name = name.split(".")
    config = transformers.CONFIG_MAPPING[model_type]()
    found = getattr(transformers, class_name)
    assert not has_pipeline(Facts(found, getattr(config, "decoder", config)))


def test_a_class_that_someone_registered_has_its_task() -> None:
    class OwnConfig(transformers.BertConfig):
        model_type = "own-bert"

    class OwnClassifier(transformers.BertForSequenceClassification):
        config_class = OwnConfig

    auto = transformers.AutoModelForSequenceClassification
    auto.register(OwnConfig, OwnClassifier)
    try:
        assert tasks_of(OwnClassifier, OwnConfig()) == ("text-classification", "zero-shot-classification")
    finally:
        del auto._model_mapping._extra_content[OwnConfig]


def test_each_task_of_the_library_has_an_input_or_a_reason() -> None:
    assert set(SUPPORTED_TASKS) <= TASKS.keys() | UNSERVED.keys()
    assert not TASKS.keys() & UNSERVED.keys()


def test_every_exception_is_about_a_class_that_the_registry_lists() -> None:
    listed = {
        name
        for entry in SUPPORTED_TASKS.values()
        for auto in entry["pt"]
        for names in auto._model_mapping._model_mapping.values()
        for name in ([names] if isinstance(names, str) else names)
    }
    assert EXCLUDED.keys() <= listed
    assert {other for others in STANDS_FOR.values() for other in others} <= TASKS.keys()


def test_what_needs_a_library_that_is_not_there_is_unsupported_with_its_reason() -> None:
    with pytest.raises(Unsupported, match=r"Torchvision"):
        pipeline(built("mistral3.Mistral3ForConditionalGeneration"))


def test_the_check_leaves_the_model_as_it_was() -> None:
    subject = built("llama.LlamaForCausalLM")
    before = subject.model.generation_config.to_dict()
    pipeline(subject)
    assert subject.model.generation_config.to_dict() == before


def test_the_same_seed_asks_the_same() -> None:
    case = Case(None, {}, 3)
    assert case.image().tobytes() == case.image().tobytes() != replace(case, seed=4).image().tobytes()


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("bert.BertForSequenceClassification", "probabilities"),
        ("bert.BertForTokenClassification", "probabilities"),
        ("bert.BertModel", "not finite"),
        ("vit.ViTForImageClassification", "probabilities"),
    ],
)
def test_a_model_whose_outputs_are_not_finite_fails(name: str, broken: str) -> None:
    subject = built(name)
    with torch.no_grad():
        next(iter(subject.model.parameters())).fill_(float("nan"))
    finding = pipeline(subject)
    assert finding.deviation > 0
    assert broken in finding.detail


def test_a_model_that_breaks_on_the_way_fails_with_the_task_and_the_error() -> None:
    subject = built("bert.BertForMaskedLM")
    subject.model.cls = torch.nn.Linear(1, 1)
    with pytest.raises(CheckFailed, match="fill-mask: RuntimeError"):
        pipeline(subject)


def test_a_fault_of_this_harness_is_not_taken_for_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise about masks breaks on the answer to another task: that is an error, and no failed check."""
    subject = built("bert.BertForMaskedLM")
    monkeypatch.setitem(TASKS, "fill-mask", replace(TASKS["fill-mask"], faults=promises.segments))
    with pytest.raises(KeyError, match="label"):
        pipeline(subject)


def case_of(**config: Any) -> Any:
    """A case as far as a promise looks at it."""
    known = {"id2label": {0: "a", 1: "b"}, "model_type": "x"} | config
    return Case(SimpleNamespace(config=SimpleNamespace(**known)), {"tokenizer": range(10)}, 0)


WIDTH, HEIGHT = case_of().image().size
BOX = {"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}
POINT = {"x": 1.0, "y": 2.0}


def _mask(width: int, height: int) -> Image.Image:
    return Image.new("L", (width, height))


ANSWERS: list[tuple[Callable[..., list[str]], Any, list[Any]]] = [
    (promises.features, torch.ones(1, 3, 4), [torch.ones(2, 3), torch.full((1, 2), torch.nan), [[1.0]]]),
    (
        promises.labels,
        [{"label": "a", "score": 0.7}, {"label": "b", "score": 0.3}],
        [
            [{"label": "a", "score": 1.0}],
            [{"label": "a", "score": 0.7}, {"label": "b", "score": 0.7}],
            [{"label": "a", "score": 1.7}, {"label": "b", "score": -0.7}],
            [{"label": "a", "score": 0.7}, {"label": "c", "score": 0.3}],
        ],
    ),
    (
        promises.token_labels,
        [{"entity": "a", "score": 0.7, "start": 0, "end": 1}],
        [
            [],
            [{"entity": "c", "score": 0.7, "start": 0, "end": 1}],
            [{"entity": "a", "score": 7, "start": 0, "end": 1}],
            [{"entity": "a", "score": 0.7, "start": 1, "end": 1}],
            [{"entity": "a", "score": 0.7, "start": 0, "end": len(TEXT) + 1}],
        ],
    ),
    (
        promises.ranking,
        {"labels": ["dog", "cat"], "scores": [0.6, 0.4]},
        [
            {"labels": ["dog", "cat"], "scores": [0.4, 0.6]},
            {"labels": ["dog", "dog"], "scores": [0.6, 0.4]},
            {"labels": ["dog", "cat"], "scores": [0.6, 0.5]},
        ],
    ),
    (
        promises.fillings,
        [{"token": 9, "score": 0.1, "sequence": "x"}] * 5,
        [
            [{"token": 9, "score": 0.1, "sequence": "x"}] * 4,
            [{"token": 10, "score": 0.1, "sequence": "x"}] * 5,
            [{"token": 9, "score": 2.0, "sequence": "x"}] * 5,
            [{"token": 9, "score": 0.1, "sequence": None}] * 5,
        ],
    ),
    (
        promises.continuation,
        [{"generated_text": f"{TEXT} more"}],
        [[{"generated_text": "more"}], [{"generated_text": None}]],
    ),
    (promises.text, [{"generated_text": ""}], [[{"generated_text": None}]]),
    (
        promises.extract,
        {"answer": "tiny", "start": 2, "end": 6, "score": 0.5},
        [
            {"answer": "tiny", "start": 3, "end": 6, "score": 0.5},
            {"answer": "tiny", "start": 2, "end": 6, "score": 1.5},
        ],
    ),
    (
        promises.replies,
        [{"answer": "a", "score": 0.5}],
        [[], [{"answer": "c", "score": 0.5}], [{"answer": "a", "score": 5}], [{"answer": None}]],
    ),
    (promises.picture, _mask(2 * WIDTH, 2 * HEIGHT), [_mask(HEIGHT, HEIGHT)]),
    (promises.transcript, {"text": ""}, [{"text": None}]),
    (
        promises.waveform,
        {"audio": np.zeros(4), "sampling_rate": 16_000},
        [
            {"audio": np.zeros(4), "sampling_rate": None},
            {"audio": np.zeros(0), "sampling_rate": 16_000},
            {"audio": np.array([np.inf]), "sampling_rate": 16_000},
        ],
    ),
    (
        promises.segments,
        [{"label": "a", "score": None, "mask": _mask(WIDTH, HEIGHT)}],
        [
            [{"label": "c", "score": None, "mask": _mask(WIDTH, HEIGHT)}],
            [{"label": "a", "score": None, "mask": _mask(HEIGHT, WIDTH)}],
            [{"label": "a", "score": 3.0, "mask": _mask(WIDTH, HEIGHT)}],
        ],
    ),
    (
        promises.boxes,
        [{"label": "a", "score": 0.5, "box": BOX}],
        [
            [],
            [{"label": "c", "score": 0.5, "box": BOX}],
            [{"label": "a", "score": 1.5, "box": BOX}],
            [{"label": "a", "score": 0.5, "box": BOX | {"xmax": 3 * WIDTH}}],
            [{"label": "a", "score": 0.5, "box": BOX | {"ymin": 41}}],
        ],
    ),
    (
        promises.found,
        [{"label": LABELS[0], "score": 0.5, "box": BOX}],
        [[{"label": "a", "score": 0.5, "box": BOX}], []],
    ),
    (
        promises.depth,
        {"predicted_depth": torch.ones(HEIGHT, WIDTH), "depth": _mask(WIDTH, HEIGHT)},
        [
            {"predicted_depth": torch.ones(WIDTH, HEIGHT), "depth": _mask(WIDTH, HEIGHT)},
            {"predicted_depth": torch.ones(HEIGHT, WIDTH), "depth": _mask(HEIGHT, WIDTH)},
            {"predicted_depth": torch.full((HEIGHT, WIDTH), torch.nan), "depth": _mask(WIDTH, HEIGHT)},
        ],
    ),
    (
        promises.masks,
        {"masks": [torch.ones(HEIGHT, WIDTH)], "scores": [0.5]},
        [
            {"masks": [], "scores": []},
            {"masks": [torch.ones(WIDTH, HEIGHT)], "scores": [0.5]},
            {"masks": [torch.ones(HEIGHT, WIDTH)], "scores": [0.5, 0.5]},
            {"masks": [torch.ones(HEIGHT, WIDTH)], "scores": [float("inf")]},
        ],
    ),
    (
        promises.matches,
        [{"keypoint_image_0": POINT, "keypoint_image_1": POINT, "score": 0.5}],
        [
            [{"keypoint_image_0": {"x": WIDTH + 1, "y": 0}, "keypoint_image_1": POINT, "score": 0.5}],
            [{"keypoint_image_0": POINT, "keypoint_image_1": {"x": 0, "y": -1}, "score": 0.5}],
            [{"keypoint_image_0": POINT, "keypoint_image_1": POINT, "score": 1.5}],
        ],
    ),
    (
        promises.answer,
        [{"answer": "tiny cat", "start": 1, "end": 2, "score": 0.5}],
        [
            [],
            [{"answer": "tiny dog", "start": 1, "end": 2, "score": 0.5}],
            [{"answer": "tiny cat", "start": 1, "end": 2, "score": 2}],
        ],
    ),
    (
        promises.decision,
        {"which": {"choice": "cat", "probabilities": {"cat": 0.6, "dog": 0.4}}},
        [
            {"which": {"choice": "cow", "probabilities": {"cat": 0.6, "dog": 0.4}}},
            {"which": {"choice": "cat", "probabilities": {"cat": 0.6, "dog": 0.6}}},
        ],
    ),
]
NAMES = [promise.__name__ for promise, _, _ in ANSWERS]


@pytest.mark.parametrize(("promise", "right", "wrong"), ANSWERS, ids=NAMES)
def test_a_promise_takes_a_right_answer_and_refuses_each_wrong_one(
    promise: Callable[..., list[str]], right: Any, wrong: list[Any]
) -> None:
    assert promise(right, case_of()) == []
    for answer in wrong:
        assert len(promise(answer, case_of())) >= 1, answer


def test_siglips_scores_need_not_sum_to_one_and_clips_do() -> None:
    answer = [{"label": "cat", "score": 0.9}, {"label": "dog", "score": 0.8}]
    assert promises.choices(answer, case_of(model_type="siglip2")) == []
    assert promises.choices(answer, case_of(model_type="clip")) != []
