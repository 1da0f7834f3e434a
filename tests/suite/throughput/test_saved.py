"""Files are cold or warm as the kernel says, and what is loaded from them is what was saved."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from harness.suite.outcomes import Unsupported
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.saved import IN_MEMORY, Saved, filesystem
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
SHM = Path("/dev/shm")


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temp folder on a disk."""
    if filesystem(tmp_path) in {"", *IN_MEMORY}:
        pytest.skip("no folder for tests is on a disk here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_files_are_cold_after_their_pages_were_let_go_and_warm_after_they_were_read(
    on_disk: Path, make_workload: MakeWorkload
) -> None:
    saved = make_workload("llama").loaded.save()
    assert saved.path.is_relative_to(on_disk)
    saved.make_cold()
    assert saved.resident() < 0.01
    saved.make_warm()
    assert saved.resident() == 1


@pytest.mark.parametrize("name", ["gpt2", "llama", "mixtral", "t5", "vit"])
@pytest.mark.parametrize("phase", ["load_cold", "load_warm"])
def test_what_is_loaded_is_what_was_saved(
    name: str, phase: str, on_disk: Path, make_workload: MakeWorkload
) -> None:
    work = make_workload(name)
    before = {key: value.clone() for key, value in work.model.state_dict().items()}
    state = PHASES[phase].prepare(work)
    assert any(on_disk.glob("*/*.safetensors"))
    PHASES[phase].run(work, state)
    after = work.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_only_files_are_left_when_a_load_begins(on_disk: Path, make_workload: MakeWorkload) -> None:
    """Else two models would have to fit."""
    work = make_workload("gpt2")
    fills = work.loaded.fills
    PHASES["load_warm"].prepare(work)
    assert on_disk.exists()
    work.model  # noqa: B018 — as nothing is loaded, it is filled
    assert work.loaded.fills == fills + 2


def test_files_are_gone_with_their_record(on_disk: Path, make_workload: MakeWorkload) -> None:
    saved = make_workload("gpt2").loaded.save()
    path = saved.path
    del saved
    assert not path.exists()
    assert not list(on_disk.iterdir())


@pytest.mark.skipif(filesystem(SHM) not in IN_MEMORY, reason="there is no tmpfs here")
def test_files_in_memory_are_never_cold(make_workload: MakeWorkload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(SHM))
    with pytest.raises(Unsupported, match=r"the temp folder is memory itself \(tmpfs\); set TMPDIR"):
        PHASES["load_cold"].prepare(make_workload("gpt2"))


def test_a_model_that_the_temp_folder_cannot_hold_is_not_written(on_disk: Path) -> None:
    with pytest.raises(Unsupported, match=r"1000000.0 GB of weights do not fit into the temp folder"):
        Saved(nn.Module(), 10**15)
    assert not list(on_disk.iterdir())
