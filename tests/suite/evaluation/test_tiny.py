"""Every registered model at tiny width answers questions, or there is a reason why its kind answers none."""

import math
from operator import attrgetter
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.load import load
from harness.matrix.records import Model
from harness.suite.evaluation.tiny import CONTEXT, byte_tokenizer, roomy, tiny_checkpoint
from harness.suite.models.build import model_class, tiny_config_of
from harness.suite.outcomes import Unsupported
from tests.suite.evaluation.asking import asker, generated, likelihoods

MATRIX = load(Path(__file__).parents[3])
ROWS = {row.id: row for row in MATRIX.models}
REGISTERED = [ROWS[entry.row] for entry in MATRIX.registry.entries if not entry.unsupported]
KINDS = {(row.model_type, row.model_class): row for row in REGISTERED}
SILENT = {
    "BertForMaskedLM": "neither continues",
    "BertForSequenceClassification": "neither continues",
    "BertModel": "neither continues",
    "LongformerForMaskedLM": "neither continues",
    "LayoutLMv3Model": "neither continues",
    "VisionEncoderDecoderModel": "reads pixel_values",
    "MiniCPMV": "code of its own",
}
NAME = attrgetter("id")
PLAIN = byte_tokenizer(roomy(tiny_config_of(ROWS["mixtral_8x7b"])), ends=False)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("row", [row for row in KINDS.values() if row.model_class not in SILENT], ids=NAME)
@pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own
def test_a_registered_model_answers_at_tiny_width(row: Model, tmp_path: Path) -> None:
    found = model_class(row)
    lm = asker(tiny_checkpoint(row, tmp_path), found)
    assert type(lm.model) is found
    assert lm.max_length >= CONTEXT
    one, other = likelihoods(lm, [("The sky is", " blue"), ("", "ä")])
    assert math.isfinite(one[0])
    assert one[0] < 0 > other[0]
    (answer,) = generated(lm, ["Question: 1 + 1?\nAnswer:"])
    assert isinstance(answer, str)


@pytest.mark.filterwarnings("ignore")
def test_an_encoder_with_a_decoder_answers_too(tmp_path: Path) -> None:
    lm = asker(tiny_checkpoint(ROWS["t5"], tmp_path))
    assert lm.backend == "seq2seq"
    assert likelihoods(lm, [("The sky is", " blue")])[0][0] < 0
    assert len(generated(lm, ["Question: 1 + 1?"])) == 1


@pytest.mark.parametrize("row", [row for row in KINDS.values() if row.model_class in SILENT], ids=NAME)
def test_what_answers_no_questions_is_told_why(row: Model, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match=SILENT[row.model_class]):
        tiny_checkpoint(row, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    row = ROWS["mixtral_8x7b"]
    first, again, other = (
        load_file(tiny_checkpoint(row, tmp_path / name, seed) / "model.safetensors")
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    )
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert not any(torch.equal(tensor, other[name]) for name, tensor in first.items() if tensor.dim() > 1)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_a_token_a_byte_and_given_back(text: str) -> None:
    tokens = PLAIN.encode(text, add_special_tokens=False)
    assert PLAIN.decode(tokens) == text
    special = any(name in text for name in PLAIN.all_special_tokens)
    assert special or len(tokens) == len(text.encode())


def test_a_conversation_becomes_one_text() -> None:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    text = PLAIN.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    assert text == "system: Be brief.\nuser: Hello\nassistant:"
