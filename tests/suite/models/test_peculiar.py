"""Every row of `peculiar` is of something that the library has, and says why."""

import inspect
import re
from typing import Any

import pytest
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from harness.suite.functional.checks import CHECKS
from harness.suite.library.facts import model_types
from harness.suite.models.classes import find_config_class
from harness.suite.models.fields import raw_fields
from harness.suite.models.peculiar import FILES, ROWS, exempt_checks, rows_of
from harness.suite.models.peculiar.heads import HEADS
from harness.suite.models.peculiar.records import Peculiarity

EVERY_ROW = [*ROWS.items(), *HEADS.items()]
TYPES = model_types()
CLASSES = {name: model_type for model_type, classes in TYPES.items() for name in classes}
PINS = {
    "arguments",
    "bins",
    "draws",
    "entry",
    "forced",
    "frames",
    "generate",
    "grid",
    "image_size",
    "joined",
    "keeps_prompt",
    "padding_side",
    "padding_token",
    "parts",
    "samples",
    "through",
    "tiles",
    "video_time",
    "vocabulary",
    "wide",
}
PER_MODALITY = {
    f"{modality}_{what}"
    for modality in ("image", "video", "audio")
    for what in ("layout", "tokens", "groups")
}

every_row = pytest.mark.parametrize(("name", "row"), EVERY_ROW, ids=[name for name, _ in EVERY_ROW])


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_of_a_type_or_class_that_the_library_has(name: str) -> None:
    assert name in CONFIG_MAPPING_NAMES or name in CLASSES or hasattr(transformers, name)


@pytest.mark.parametrize("suffix", HEADS)
def test_a_row_of_a_head_is_of_classes_that_the_library_has(suffix: str) -> None:
    assert any(name.endswith(suffix) for name in CLASSES)


@every_row
def test_a_row_has_a_reason_and_does_something(name: str, row: Peculiarity) -> None:
    assert len(row.reason.split()) > 2, name
    assert row.base or row.fields or row.wraps or row.entry or row.frozen or row.exempt or row.inputs


@every_row
def test_a_check_that_is_ruled_out_exists_and_has_its_reason(name: str, row: Peculiarity) -> None:
    assert row.exempt.keys() <= CHECKS.keys()
    assert all(len(reason.split()) > 3 for reason in row.exempt.values()), name
    assert not {"construct", "determinism"} & row.exempt.keys(), "no design rules these out"


@every_row
def test_what_is_pinned_of_the_inputs_is_something_that_is_read(name: str, row: Peculiarity) -> None:
    assert row.inputs.keys() <= PINS | PER_MODALITY, name


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if name in TYPES and row.fields])
def test_a_type_s_row_sets_fields_that_its_configuration_has(name: str) -> None:
    """A misspelt field would be kept by the class, and change nothing."""
    kinds: list[Any] = [find_config_class(other) for other in TYPES if ROWS.get(other) is ROWS[name]]
    known = {field for kind in kinds for field in (*raw_fields(kind), *kind.attribute_map, *kind.sub_configs)}
    sources = "".join(inspect.getsource(inspect.getmodule(kind) or kind) for kind in kinds)
    for field in (path.partition(".")[0] for path in ROWS[name].fields):
        # Some are attributes or arguments: read by the code, and no fields; dots3 puts their names together.
        assert field in known or re.search(rf"\b{field}\b|\b{field.partition('_')[0]}_{{", sources), field


def test_the_narrower_row_stands_last() -> None:
    rows = rows_of("speecht5", "SpeechT5ForTextToSpeech")
    assert rows[-1] is ROWS["SpeechT5ForTextToSpeech"]


def test_what_is_ruled_out_of_a_type_is_ruled_out_of_its_classes() -> None:
    exempt = ROWS["vilt"].exempt
    assert exempt
    assert exempt_checks("vilt", "ViltModel") == dict(exempt)
    assert exempt_checks("bert", "BertModel") == {}


def test_no_name_has_rows_in_two_files() -> None:
    """The later would hold, and the other be read by nobody."""
    names = [name for file in FILES for name in file.ROWS]
    assert sorted(names) == sorted(set(names))
