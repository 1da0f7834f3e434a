"""What the answer of a pipeline must be: each function names what is wrong with one."""

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from harness.suite.functional.tasks import Case

TEXT = "a tiny cat sat on the mat"
LABELS = ("cat", "dog")
FILLINGS = 5
"""The pipeline's default."""
ROUNDING = 1e-3
"""How far a sum of float32 scores may be from one."""


def features(answer: Any, _: "Case") -> list[str]:
    """One row of finite numbers, of which there may be several kinds."""
    answer = answer[0] if isinstance(answer, tuple) else answer
    if not isinstance(answer, torch.Tensor) or not answer.numel():
        return [f"{type(answer).__name__} for a tensor of features"]
    return [*_unless(answer.shape[0] == 1, f"{answer.shape[0]} rows for one input"), *_finite(answer)]


def labels(answer: Any, case: "Case") -> list[str]:
    """Each label of the configuration once, with scores that sum to one where there are several."""
    config = case.model.config
    answer = answer[0] if answer and isinstance(answer[0], list) else answer
    seen, known = sorted(str(row["label"]) for row in answer), sorted(map(str, config.id2label.values()))
    return [
        *_unless(seen == known, f"labels {seen[:5]} for {known[:5]}"),
        *_scores(answer, one=len(known) > 1),
    ]


def token_labels(answer: Any, case: "Case") -> list[str]:
    """A label of the configuration for each piece of the text."""
    known = set(case.model.config.id2label.values())
    strange = [row["entity"] for row in answer if row["entity"] not in known]
    within = all(0 <= row["start"] < row["end"] <= len(TEXT) for row in answer)
    return [
        *_unless(bool(answer), "no token has a label"),
        *_unless(not strange, f"labels {strange[:5]} are not the configuration's"),
        *_unless(within, "a token lies outside the text"),
        *_scores(answer, one=False),
    ]


def ranking(answer: Any, _: "Case") -> list[str]:
    """The labels that were offered, the likeliest first."""
    rows = [{"score": s, "label": n} for s, n in zip(answer["scores"], answer["labels"], strict=True)]
    return _ranked(rows, one=True)


def choices(answer: Any, case: "Case") -> list[str]:
    """The labels that were offered, the likeliest first; SigLIP scores each by itself."""
    return _ranked(answer, one="siglip" not in case.model.config.model_type)


def fillings(answer: Any, case: "Case") -> list[str]:
    """Five tokens of the vocabulary, each put where the mask was."""
    answer = answer[0] if isinstance(answer[0], list) else answer  # a list a mask, where there are several
    vocabulary = len(case.parts["tokenizer"])
    return [
        *_unless(len(answer) == FILLINGS, f"{len(answer)} fillings for {FILLINGS}"),
        *_unless(all(0 <= row["token"] < vocabulary for row in answer), "a token outside the vocabulary"),
        *_unless(all(isinstance(row["sequence"], str) for row in answer), "a sequence that is no text"),
        *_scores(answer, one=False),
    ]


def continuation(answer: Any, _: "Case") -> list[str]:
    """The prompt, and text after it."""
    (row,) = answer
    text = row["generated_text"]
    if not isinstance(text, str):
        return [f"{type(text).__name__} for a text"]
    return _unless(TEXT in text, "the prompt is not in the text")


def decision(answer: Any, _: "Case") -> list[str]:
    """One of the options, and how likely each is."""
    made = answer["which"]
    rows = [{"score": value} for value in made["probabilities"].values()]
    return [
        *_unless(made["choice"] in LABELS, f"{made['choice']} was not an option"),
        *_scores(rows, one=True),
    ]


def text(answer: Any, _: "Case") -> list[str]:
    """A text."""
    return _unless(all(isinstance(row["generated_text"], str) for row in answer), "the answer is no text")


def extract(answer: Any, _: "Case") -> list[str]:
    """A piece of the text with a score."""
    piece = TEXT[answer["start"] : answer["end"]].strip()
    return [
        *_unless(answer["answer"].strip() == piece, f"{answer['answer']!r} is not at the place it names"),
        *_scores([answer], one=False),
    ]


def replies(answer: Any, case: "Case") -> list[str]:
    """Labels of the configuration with scores; or texts, where the model writes."""
    known = set(case.model.config.id2label.values())
    scored = [row for row in answer if "score" in row]
    return [
        *_unless(answer, "no answer"),
        *_unless(all(isinstance(row["answer"], str) for row in answer), "an answer that is no text"),
        *_unless(all(row["answer"] in known for row in scored), "an answer that is not the configuration's"),
        *_scores(scored, one=False),
    ]


def picture(answer: Any, case: "Case") -> list[str]:
    """A picture at least as large as the one that was given."""
    width, height = case.image().size
    large = answer.size[0] >= width and answer.size[1] >= height
    return _unless(large, f"a picture {answer.size} of one {(width, height)}")


def transcript(answer: Any, _: "Case") -> list[str]:
    """A text."""
    return _unless(isinstance(answer["text"], str), "the transcript is no text")


def waveform(answer: Any, _: "Case") -> list[str]:
    """Finite samples and their rate."""
    audio, rate = torch.as_tensor(answer["audio"]), answer["sampling_rate"]
    return [
        *_unless(bool(audio.numel()), "no samples"),
        *_unless(isinstance(rate, int) and rate > 0, f"the sampling rate is {rate}"),
        *_finite(audio),
    ]


def segments(answer: Any, case: "Case") -> list[str]:
    """Masks of the image's size with labels of the configuration; none where all queries find no object."""
    known = set(case.model.config.id2label.values())
    size = case.image().size
    return [
        *_unless(all(row["label"] in known for row in answer), "a label that is not the configuration's"),
        *_unless(all(row["mask"].size == size for row in answer), f"a mask that is not {size}"),
        *_scores([row for row in answer if row["score"] is not None], one=False),
    ]


def boxes(answer: Any, case: "Case") -> list[str]:
    """Boxes on the image with labels of the configuration."""
    known = set(case.model.config.id2label.values())
    strange = [row["label"] for row in answer if row["label"] not in known]
    return [*_unless(not strange, f"labels {strange[:5]} are not the configuration's"), *_boxes(answer, case)]


def found(answer: Any, case: "Case") -> list[str]:
    """Boxes on the image with labels that were offered."""
    strange = [row["label"] for row in answer if row["label"] not in LABELS]
    return [*_unless(not strange, f"labels {strange[:5]} were not offered"), *_boxes(answer, case)]


def depth(answer: Any, case: "Case") -> list[str]:
    """A depth a pixel, and a picture of them."""
    width, height = case.image().size
    shape = tuple(answer["predicted_depth"].shape)
    return [
        *_unless(shape == (height, width), f"depths {shape} for an image of {(height, width)}"),
        *_unless(answer["depth"].size == (width, height), f"a picture {answer['depth'].size}"),
        *_finite(answer["predicted_depth"]),
    ]


def masks(answer: Any, case: "Case") -> list[str]:
    """Masks of the image's size, a finite score each."""
    width, height = case.image().size
    shapes = {tuple(mask.shape) for mask in answer["masks"]}
    return [
        *_unless(shapes == {(height, width)}, f"masks {shapes} for an image of {(height, width)}"),
        *_unless(len(answer["scores"]) == len(answer["masks"]), "not a score a mask"),
        *_finite(torch.as_tensor(answer["scores"])),
    ]


def matches(answer: Any, case: "Case") -> list[str]:
    """Pairs of points on both images, the surest first."""
    width, height = case.image().size
    points = [row[name] for row in answer for name in ("keypoint_image_0", "keypoint_image_1")]
    within = all(0 <= point["x"] <= width and 0 <= point["y"] <= height for point in points)
    return [*_unless(within, "a point outside its image"), *_scores(answer, one=False)]


def answer(answer: Any, _: "Case") -> list[str]:
    """Words of the document with a score."""
    words = TEXT.split()
    right = all(row["answer"] == " ".join(words[row["start"] : row["end"] + 1]) for row in answer)
    return [
        *_unless(bool(answer), "no answer"),
        *_unless(right, "an answer that is not the words it points to"),
        *_scores(answer, one=False),
    ]


def _boxes(rows: Any, case: "Case") -> list[str]:
    """DETR's kind give a centre on the image and a size up to the image's, so half a box may lie outside."""
    width, height = case.image().size
    far = [
        row["box"]
        for row in rows
        if not -width <= row["box"]["xmin"] <= row["box"]["xmax"] <= 2 * width
        or not -height <= row["box"]["ymin"] <= row["box"]["ymax"] <= 2 * height
    ]
    return [
        *_unless(bool(rows), "no box at a threshold of 0"),
        *_unless(not far, f"boxes {far[:2]} for an image of {(width, height)}"),
        *_scores(rows, one=False),
    ]


def _ranked(rows: list[dict[str, Any]], *, one: bool) -> list[str]:
    seen = sorted(row["label"] for row in rows)
    scores = [row["score"] for row in rows]
    return [
        *_unless(seen == sorted(LABELS), f"labels {seen} for {sorted(LABELS)}"),
        *_unless(scores == sorted(scores, reverse=True), "the likeliest is not the first"),
        *_scores(rows, one=one),
    ]


def _scores(rows: list[dict[str, Any]], *, one: bool) -> list[str]:
    """Probabilities; with `one`, of which one must be true."""
    scores = [row["score"] for row in rows]
    within = all(math.isfinite(score) and -ROUNDING <= score <= 1 + ROUNDING for score in scores)
    return [
        *_unless(within, f"scores {scores[:5]} are not probabilities"),
        *_unless(not one or abs(sum(scores) - 1) < ROUNDING, f"the scores sum to {sum(scores)}"),
    ]


def _finite(values: torch.Tensor) -> list[str]:
    return _unless(bool(values.isfinite().all()), "a value that is not finite")


def _unless(right: object, fault: str) -> list[str]:
    return [] if right else [fault]
