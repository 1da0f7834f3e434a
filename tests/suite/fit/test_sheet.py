"""A sheet is whole for every kind of model, and JSON holds it."""

import json

import pytest

from harness.matrix.records import Model
from harness.matrix.schema import validate
from harness.results.sheet import Sheet
from harness.suite.fit.sheet import sheet

KINDS = (
    "llama",
    "bert",
    "resnet",
    "swin",
    "parakeet_rnnt",
    "t5",
    "whisper",
    "clip",
    "gemma3",
    "qwen3_next",
    "gemma4_text",
    "wav2vec2",
)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_model_has_a_sheet(rows: dict[str, Model], name: str) -> None:
    found = sheet(rows[name])
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert Sheet.from_json(data) == found
    report = {
        "cell": name,
        "outcome": "passed",
        "started": "2026-11-21T03:15:00Z",
        "seconds": 1,
        "sheet": data,
    }
    assert validate("report", report) == []
    shown = found.described()
    assert shown["parameters"]["total"] >= shown["parameters"]["active"] > 0
    assert shown["weights_bytes"]["bfloat16"] == 2 * shown["parameters"]["total"]


def test_an_encoder_keeps_no_cache(rows: dict[str, Model]) -> None:
    found = sheet(rows["bert"])
    assert (found.theory, found.library) == (None, None)


def test_the_book_and_the_library_are_figures_of_their_own(rows: dict[str, Model]) -> None:
    """Recurrent states are counted in elements; the library keeps Qwen3-Next's in float32 for bfloat16."""
    found = sheet(rows["qwen3_next"])
    assert found.theory is not None
    assert found.library is not None
    assert found.library.per_token == 2 * found.theory.per_token
    assert found.library.fixed > 2 * found.theory.fixed


def test_a_checkpoint_s_own_fields_count(rows: dict[str, Model]) -> None:
    found = sheet(rows["starcoder2_15b"])
    assert found.parameters.total == 15_957_889_024  # as its safetensors on the hub have it
    assert (found.heads, found.kv_heads) == (48, 4)
