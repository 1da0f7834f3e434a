"""Points are kept with their samples; the roof is the best that memory and arithmetic gave."""

import time
from dataclasses import dataclass
from importlib.util import find_spec
from subprocess import CalledProcessError

import pytest
import torch

from harness.suite.roofline.ceilings import Copy, Load, Product, Read, Run
from harness.suite.roofline.last_cache import Beyond, beyond
from harness.suite.roofline.sweep import LEAST_SAMPLES, POINT_S, Point, Sweep, kinds, sweep

SMALL: list[list[Load]] = [
    [Copy(1 << 20), Copy(1 << 22)],
    [Read(1 << 22)],
    [Product(side, side, side, torch.float32) for side in (32, 128)],
]


@dataclass(frozen=True, slots=True)
class Sleep:
    """A load that takes as long as it says."""

    seconds: float
    flops: int = 1
    moved: int = 1
    dtype: None = None

    @property
    def label(self) -> str:
        return f"sleep {self.seconds}"

    def on(self, device: str) -> Run:
        def run() -> torch.Tensor:
            time.sleep(self.seconds)
            return torch.empty(0)

        return run


def test_every_load_is_measured_with_each_number_of_threads_and_keeps_its_samples() -> None:
    before = torch.get_num_threads()
    found = sweep("cpu", SMALL, (1, 2))
    assert [(p.load, p.threads) for p in found.points] == [
        (load, count) for kind in SMALL for count in (1, 2) for load in kind
    ]
    assert all(len(p.samples) >= LEAST_SAMPLES and min(p.samples) > 0 for p in found.points)
    assert found.refused == ()
    assert torch.get_num_threads() == before


def test_a_point_lasts_what_its_load_lasts() -> None:
    (point,) = sweep("cpu", [[Sleep(0.02)]], (None,)).points
    assert 0.02 <= point.seconds < 0.2  # a busy machine sleeps longer, and not ten times


def test_what_is_too_slow_and_all_larger_of_its_kind_are_refused_with_the_reason() -> None:
    slow = Sleep(POINT_S / LEAST_SAMPLES + 0.05)
    found = sweep("cpu", [[Sleep(0.001), slow, Sleep(1e9)], [Sleep(0.002)]], (None,))
    assert [p.load for p in found.points] == [Sleep(0.001), Sleep(0.002)]
    assert [one.load for one in found.refused] == [slow, Sleep(1e9)]
    assert all(slow.label in one.reason for one in found.refused)


def test_a_load_that_the_library_refuses_costs_that_load() -> None:
    strange: Load = Product(8, 8, 8, torch.int16)
    found = sweep("cpu", [[strange, Product(8, 8, 8, torch.int8)]], (1,))
    assert [p.load.label for p in found.points] == ["matmul 8×8×8 int8"]
    assert [one.load for one in found.refused] == [strange]


@dataclass(frozen=True, slots=True)
class Failing(Sleep):
    """A load that fails with the error, where there are two threads."""

    error: type[Exception] = RuntimeError
    arguments: tuple[object, ...] = ("no such kernel",)

    def on(self, device: str) -> Run:
        if torch.get_num_threads() == 2:
            raise self.error(*self.arguments)
        return super(Failing, self).on(device)


@pytest.mark.parametrize(
    ("error", "arguments"), [(RuntimeError, ("no",)), (MemoryError, ()), (CalledProcessError, (1, "cc"))]
)
def test_what_is_refused_with_some_threads_is_measured_with_others(
    error: type[Exception], arguments: tuple[object, ...]
) -> None:
    load = Failing(0.001, error=error, arguments=arguments)
    found = sweep("cpu", [[load, Sleep(0.002)]], (1, 2))
    assert [(p.load, p.threads) for p in found.points] == [(load, 1), (Sleep(0.002), 1), (Sleep(0.002), 2)]
    assert [(r.load, r.threads) for r in found.refused] == [(load, 2)]


def test_a_mistake_of_ours_is_not_taken_for_a_refusal() -> None:
    with pytest.raises(TypeError):
        sweep("cpu", [[Failing(0.001, error=TypeError)]], (2,))


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed (pip: triton)")
def test_what_triton_cannot_compile_is_refused() -> None:
    from triton.runtime.errors import OutOfResources

    load = Failing(0.001, error=OutOfResources, arguments=(2, 1, "shared memory"))
    (refused,) = sweep("cpu", [[load]], (2,)).refused
    assert "shared memory" in refused.reason


def test_the_roof_is_the_best_of_its_dtype_and_of_what_no_cache_holds() -> None:
    f32, bf16 = torch.float32, torch.bfloat16
    points = tuple(
        Point(load, threads, (seconds,) * 3)
        for load, threads, seconds in (
            (Copy(1 << 20), 2, 1e-6),  # from the cache, the fastest of all
            (Copy(1 << 26), 2, 2.0),
            (Read(1 << 26), 2, 0.5),
            (Read(1 << 26), 1, 0.1),
            (Product(64, 64, 64, f32), 2, 1e-3),
            (Product(128, 128, 128, f32), 2, 2e-3),
            (Product(128, 128, 128, bf16), 2, 1e-3),
        )
    )
    roof = Sweep(points, (), Beyond(1 << 22, sure=True)).roof(f32)
    assert (roof.arithmetic, roof.memory) == ("matmul 128×128×128 float32", "read 64 MiB")
    assert roof.flops_per_s == 2 * 128**3 / 2e-3
    assert roof.bytes_per_s == (1 << 26) / 0.5
    with pytest.raises(ValueError, match="empty"):
        Sweep(points, (), Beyond(1 << 22, sure=True)).roof(torch.float16)


@pytest.mark.parametrize("far", [Beyond(1 << 40, sure=True), Beyond(1 << 26, sure=False)])
def test_where_a_cache_may_hold_the_largest_the_roof_is_theirs_and_says_so(far: Beyond) -> None:
    """Sizes that a cache holds are no memory's, whether it is too large or nobody tells of it."""
    points = tuple(
        Point(load, None, (seconds,))
        for load, seconds in (
            (Read(1 << 20), 1e-6),
            (Read(1 << 26), 1e-2),
            (Product(8, 8, 8, torch.float32), 1e-9),
        )
    )
    roof = Sweep(points, (), far).roof(torch.float32)
    assert roof.memory == "read 64 MiB, which a cache may hold"
    assert roof.bytes_per_s == (1 << 26) / 1e-2


def test_a_ceiling_is_the_best_sample_and_not_what_others_left_of_it() -> None:
    assert Point(Read(1 << 26), 2, (2.0, 0.5, 1.0)).bytes_per_s == (1 << 26) / 0.5


def test_every_kind_rises() -> None:
    for device in ("cpu", "cuda"):
        for kind in kinds(device, (torch.float32, torch.bfloat16)):
            assert [load.moved for load in kind] == sorted(load.moved for load in kind)
            if isinstance(kind[0], Copy | Read):
                assert beyond(device).size in {load.size for load in kind if isinstance(load, Copy | Read)}
