"""What a decode step reads, by hand and against the count of the same step's work."""

from typing import Any

import pytest
import torch

from harness.matrix.records import Checkpoint, Model
from harness.results.sheet import Step
from harness.suite.fit.parameters import counted
from harness.suite.fit.skeleton import DTYPE, skeleton
from harness.suite.fit.step import step
from harness.suite.roofline.counts import count

MIXTRAL_8X7B = {"num_local_experts": 8, "num_experts_per_tok": 2}


def built(row: Model, **fields: Any) -> Any:
    own = Model(
        id=row.id,
        model_type=row.model_type,
        architecture=row.architecture,
        classes=row.classes[:1],
        checkpoint=Checkpoint(config=fields),
    )
    return skeleton(own)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_decoder_reads_all_but_its_tables(rows: dict[str, Model], name: str) -> None:
    model = built(rows[name])
    found, whole = step(model), counted(model)
    tables = whole.embeddings - (whole.head if whole.tied else 0)
    assert found.seen
    assert found.read() == whole.total - tables
    assert found.rest >= whole.head


def test_t5_does_not_read_its_encoder_again(rows: dict[str, Model]) -> None:
    """Six layers of self attention, what cross attention asks, and the MLP; the head is the shared table."""
    found = step(built(rows["t5"]))
    layer = 4 * 512 * 512 + 2 * 512 * 512 + 2 * 512 * 2048
    assert found.matrices == 6 * layer
    assert found.rest == 32128 * 512 + 19 * 512  # three norms a layer and the last
    assert found.read() == 38_479_360  # of the 60.5 million parameters


def test_a_tower_of_images_is_not_read(rows: dict[str, Model]) -> None:
    model = built(rows["llava"], **(rows["llava"].checkpoint.config if rows["llava"].checkpoint else {}))
    towers = sum(p.numel() for name, p in model.named_parameters() if "vision" in name or "projector" in name)
    assert step(model).read() <= counted(model).total - towers


def test_mixtral_reads_two_experts_of_eight_and_more_of_them_for_more_tokens(rows: dict[str, Model]) -> None:
    model = built(rows["mixtral"], **MIXTRAL_8X7B)
    found, whole = step(model), counted(model)
    assert found.experts == whole.experts
    assert found.read(1) == whole.active - whole.embeddings
    reads = [found.read(batch) for batch in (1, 2, 8, 64, 4096)]
    assert reads == sorted(reads)
    assert reads[-1] == pytest.approx(whole.total - whole.embeddings)


@pytest.mark.parametrize("name", ["gpt2", "t5", "mixtral"])
def test_it_is_what_the_roofline_counts(rows: dict[str, Model], name: str) -> None:
    """`counts` counts the rows of tables as well: a few thousand elements."""
    model = built(rows[name])
    inputs = {"input_ids": torch.ones(1, 8, dtype=torch.long)}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.ones(1, 8, dtype=torch.long)
    read = count(built(rows[name]), "decode", inputs).weight_bytes
    assert step(model).read() * DTYPE.itemsize == pytest.approx(read, rel=1e-3)


def test_where_no_step_can_be_seen_all_but_tables_and_encoder_is_counted(rows: dict[str, Model]) -> None:
    """Whisper's encoder wants sound, which this step has not."""
    model = built(rows["whisper"])
    found, whole = step(model), counted(model)
    encoder = sum(p.numel() for p in model.get_encoder().parameters())
    assert not found.seen
    assert whole.total - encoder - whole.embeddings < found.read() < whole.total - encoder


def test_without_experts_a_step_reads_the_same_for_any_batch() -> None:
    found = Step(10, 1, 5, (), seen=True)
    assert {found.read(batch) for batch in (1, 7, 4096)} == {15}
