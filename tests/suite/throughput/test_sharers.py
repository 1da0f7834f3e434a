"""Who else is on an accelerator, by what drivers tell, and nothing where they do not."""

from pathlib import Path

import pytest
import torch

from harness.suite.throughput.counters import Place
from harness.suite.throughput.sharers import foreign_memory, other_processes, others_in

ALONE = "GPU:0\nprocess       4711 uses      612.000 MB GPU memory"
SHARED = f"{ALONE}\nprocess         12 uses    40000.000 MB GPU memory"
CONTAINER = "GPU:0\nno processes are running"
ABSENT = "pynvml module not found, please install nvidia-ml-py"


@pytest.mark.parametrize(
    ("listing", "others"), [(ALONE, 0), (SHARED, 1), (CONTAINER, None), (ABSENT, None), ("", None)]
)
def test_a_listing_without_this_process_tells_nothing(listing: str, others: int | None) -> None:
    """In a container of its own process ids not even we are listed: that is no proof of being alone."""
    assert others_in(listing) == others


@pytest.mark.parametrize("device", ["cpu", "mps", "no_such_device", "xla:0"])
def test_where_nothing_tells_nothing_is_said(device: str, tmp_path: Path) -> None:
    place = Place(sys=tmp_path, device=device)
    assert other_processes(place) is None
    assert foreign_memory(place) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="takes an accelerator of NVIDIA's or AMD's")
def test_our_own_tensors_are_not_foreign() -> None:
    place = Place(device="cuda:0")
    torch.zeros(1, device="cuda:0")
    before = foreign_memory(place)
    kept = torch.zeros(1 << 28, device="cuda:0")
    after = foreign_memory(place)
    assert before is not None
    assert after is not None
    assert abs(after - before) < kept.nbytes / 8
