"""Rows of data for what no rule by name can know: one a model type or a class, each with its reason."""

from dataclasses import replace

import transformers
from packaging.version import Version

from harness.suite.models.peculiar import (
    audio,
    codebooks,
    codecs,
    decoders,
    detection,
    documents,
    encoders,
    gemma,
    heads,
    image_text,
    image_text_b,
    ocr,
    omni,
    release4,
    segmentation,
    sessions,
    speech,
    vision,
    voices,
)
from harness.suite.models.peculiar.records import Peculiarity

NONE = Peculiarity(reason="nothing sets it apart")
FILES = (
    audio,
    codebooks,
    codecs,
    decoders,
    detection,
    documents,
    encoders,
    gemma,
    image_text,
    image_text_b,
    ocr,
    omni,
    segmentation,
    sessions,
    speech,
    vision,
    voices,
)
ROWS: dict[str, Peculiarity] = {name: row for file in FILES for name, row in file.ROWS.items()}
if Version(transformers.__version__).major < 5:
    for _name, _row in release4.ROWS.items():
        _there = ROWS.get(_name, _row)
        ROWS[_name] = replace(_there, base={**_there.base, **_row.base})


def rows_of(model_type: str, class_name: str) -> tuple[Peculiarity, ...]:
    """The rows that hold for a class, the narrowest last."""
    ends = tuple(row for suffix, row in heads.HEADS.items() if class_name.endswith(suffix))
    return (*ends, peculiarity(model_type), peculiarity(class_name))


def peculiarity(name: str) -> Peculiarity:
    """The row of a model type or of a class; an empty one where it has none."""
    return ROWS.get(name, NONE)


def exempt_checks(model_type: str, class_name: str) -> dict[str, str]:
    """Check → why the design of this class rules it out."""
    return {check: reason for row in rows_of(model_type, class_name) for check, reason in row.exempt.items()}
