"""Which accelerators a run takes: as typed, as the caller's environment shows them, and if they are free."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DeviceAbsent, SelectionError
from harness.machine.choice import Typed, choose
from harness.machine.nvidia import Answers, accelerators
from harness.machine.records import Accelerator
from harness.machine.visibility import FILTERS, SHOWN_BY, environment, visible
from harness.matrix.devices import Device
from harness.matrix.records import Matrix

GB = 10**9
AMD = tuple(
    Accelerator(vendor="amd", ordinal=str(n), name="MI300X", uuid=f"GPU-{n:016x}", pci=f"0000:0{n}:00.0")
    for n in range(4)
)


@pytest.fixture
def cuda(matrix: Matrix) -> Device:
    return matrix.device("cuda")


@pytest.fixture
def eight(nvml: Answers) -> tuple[Accelerator, ...]:
    return accelerators(nvml)


def ordinals(found: Sequence[Accelerator]) -> list[str]:
    return [one.ordinal for one in found]


@pytest.mark.parametrize(
    ("text", "device", "which"),
    [
        ("cuda", "cuda", ()),
        ("cuda:1", "cuda", ("1",)),
        ("cuda:0,2,0", "cuda", ("0", "2")),
        ("cuda:all", "cuda", ("all",)),
    ],
)
def test_what_is_typed(text: str, device: str, which: tuple[str, ...]) -> None:
    assert Typed.of(text) == Typed(device=device, which=which)


@pytest.mark.parametrize("text", ["cuda:", "cuda:0,", "cuda:,"])
def test_a_colon_is_followed_by_something(text: str) -> None:
    with pytest.raises(SelectionError, match="names no accelerator after its colon"):
        Typed.of(text)


@pytest.mark.parametrize(
    ("which", "chosen"),
    [
        ((), ["0"]),
        (("2",), ["2:0"]),  # places count instances one by one
        (("4", "0"), ["3", "0"]),
        (("gpu-4f8a",), ["4"]),
        (("MIG-2a0c9d2e-55f1-5e3b-8d27-6b1f04c3e7a2",), ["2:1"]),
    ],
)
def test_a_run_takes_what_was_named(
    which: tuple[str, ...], chosen: list[str], cuda: Device, eight: tuple[Accelerator, ...]
) -> None:
    assert ordinals(choose(cuda, which, eight, {})) == chosen


def test_where_none_is_named_the_first_that_is_free(cuda: Device, eight: tuple[Accelerator, ...]) -> None:
    assert ordinals(choose(cuda, (), eight, {"CUDA_VISIBLE_DEVICES": "1,3"})) == ["3"]


def test_all_of_them_are_those_that_are_free(cuda: Device, eight: tuple[Accelerator, ...]) -> None:
    free = ["0", "2:0", "2:1", "3", "4", "5", "6"]
    assert ordinals(choose(cuda, ("all",), eight, {})) == free


@pytest.mark.parametrize(
    ("which", "each", "chosen"),
    [
        ((), 2, ["0", "2:0"]),
        (("4", "5", "6", "7"), 2, ["3", "4", "5", "6"]),
        (("all",), 3, ["0", "2:0", "2:1", "3", "4", "5"]),  # the seventh would be left over
        (("4", "5", "6"), 2, None),
        ((), 8, None),
        (("all",), 8, None),
    ],
)
def test_an_attempt_may_take_several(
    which: tuple[str, ...],
    each: int,
    chosen: list[str] | None,
    cuda: Device,
    eight: tuple[Accelerator, ...],
) -> None:
    if chosen is None:
        with pytest.raises(DeviceAbsent, match=f"a cell takes {each} accelerators at once and here are"):
            choose(cuda, which, eight, {}, each=each)
    else:
        assert ordinals(choose(cuda, which, eight, {}, each=each)) == chosen


def test_one_that_is_not_there_is_told_with_those_that_are(
    cuda: Device, eight: tuple[Accelerator, ...]
) -> None:
    with pytest.raises(DeviceAbsent) as caught:
        choose(cuda, ("9",), eight[:2], {})
    assert str(caught.value) == (
        "there is no cuda:9 here: cuda:0 is NVIDIA H100 80GB HBM3, cuda:1 is NVIDIA H100 80GB HBM3 (busy)"
    )


@pytest.mark.parametrize("word", ["GPU-ffff", "GPU-", "-1", "1.5"])
def test_an_identity_fits_one_or_none(word: str, cuda: Device, eight: tuple[Accelerator, ...]) -> None:
    with pytest.raises(DeviceAbsent, match=f"there is no cuda:{word} here"):
        choose(cuda, (word,), eight, {})


def test_one_that_somebody_has_is_told_with_the_free_ones(
    cuda: Device, eight: tuple[Accelerator, ...]
) -> None:
    with pytest.raises(
        DeviceAbsent, match=r"is busy: 79\.5 of its 85\.5 GB of memory are in use; name cuda:0"
    ):
        choose(cuda, ("1",), eight, {})
    with pytest.raises(DeviceAbsent, match="exclusive, and another process has it"):
        choose(cuda, ("8",), eight, {})
    taken = [replace(one, closed="its compute mode is prohibited") for one in eight]
    with pytest.raises(
        DeviceAbsent, match="is busy: its compute mode is prohibited; end what uses it, or wait"
    ):
        choose(cuda, (), taken, {})


def test_hidden_ones_and_a_driver_that_lists_none(cuda: Device, eight: tuple[Accelerator, ...]) -> None:
    with pytest.raises(DeviceAbsent, match="the environment hides all 9 of them"):
        choose(cuda, (), eight, {"CUDA_VISIBLE_DEVICES": ""})
    with pytest.raises(DeviceAbsent, match="its driver lists none"):
        choose(cuda, (), (), {})


def test_a_processor_has_none_to_choose_from(cpu: Device) -> None:
    assert choose(cpu, (), (), {}) == ()
    with pytest.raises(SelectionError, match="cpu has no accelerators to choose from: write --device cpu"):
        choose(cpu, ("0",), (), {})


def test_cards_that_cannot_be_kept_apart_are_not_chosen_from(matrix: Matrix) -> None:
    hpu = matrix.device("hpu")
    cards = [replace(one, vendor="0x1da3") for one in AMD]
    assert ordinals(choose(hpu, (), cards, {})) == ["0"]
    for which in (("1",), ("0", "1"), ("all",)):
        with pytest.raises(
            SelectionError, match="of several cards of hpu the harness cannot give a run its own"
        ):
            choose(hpu, which, cards, {})
    assert ordinals(choose(hpu, ("0",), cards[:1], {})) == ["0"]


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, ["0", "1", "2:0", "2:1", "3", "4", "5", "6", "7"]),
        ({"CUDA_VISIBLE_DEVICES": "4,0"}, ["4", "0"]),
        ({"CUDA_VISIBLE_DEVICES": "2"}, ["2:0"]),  # CUDA shows one instance of a card
        ({"CUDA_VISIBLE_DEVICES": "0,-1,1"}, ["0"]),  # CUDA reads no further than a wrong one
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, []),
        ({"CUDA_VISIBLE_DEVICES": "MIG-2a0c9d2e-55f1-5e3b-8d27-6b1f04c3e7a2"}, ["2:1"]),
        ({"NVIDIA_VISIBLE_DEVICES": "all"}, ["0", "1", "2:0", "2:1", "3", "4", "5", "6", "7"]),
        ({"NVIDIA_VISIBLE_DEVICES": "6"}, ["0", "1", "2:0", "2:1", "3", "4", "5", "6", "7"]),  # the host's
        ({"NVIDIA_VISIBLE_DEVICES": "void"}, []),
        (
            {
                "NVIDIA_VISIBLE_DEVICES": "GPU-5f8a2c51-7d3e-4b6a-9c10-2e5d7f90ab15",
                "CUDA_VISIBLE_DEVICES": "0",
            },
            ["5"],
        ),
    ],
)
def test_what_nvidias_variables_show(
    variables: dict[str, str], shown: list[str], eight: tuple[Accelerator, ...]
) -> None:
    assert ordinals(visible(eight, "nvidia", variables)) == shown


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"ROCR_VISIBLE_DEVICES": "3,1", "HIP_VISIBLE_DEVICES": "1"}, ["1"]),  # counts what ROCR has left
        ({"ROCR_VISIBLE_DEVICES": "GPU-0000000000000002"}, ["2"]),
        ({"CUDA_VISIBLE_DEVICES": "2"}, ["2"]),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "2"}, ["0"]),
    ],
)
def test_what_amds_variables_show(variables: dict[str, str], shown: list[str]) -> None:
    assert ordinals(visible(AMD, "amd", variables)) == shown


def test_a_tile_of_intels_shows_its_card() -> None:
    cards = [Accelerator(vendor="intel", ordinal=str(n), name="Max 1550") for n in range(2)]
    assert ordinals(visible(cards, "intel", {"ZE_AFFINITY_MASK": "1.0,1.1"})) == ["1"]


@given(places=st.sets(st.integers(0, 3), min_size=1), vendor=st.sampled_from(sorted(SHOWN_BY)))
def test_a_process_is_shown_what_it_was_given_and_no_more(places: set[int], vendor: str) -> None:
    cards = [replace(one, vendor=vendor) for one in AMD]
    chosen = [cards[place] for place in sorted(places)]
    before = {name: "0" for step in FILTERS[vendor] for name in step.variables} | {"PATH": "/bin"}
    after = environment(chosen, before)
    assert after["PATH"] == "/bin"
    assert list(visible(cards, vendor, after)) == chosen


def test_an_environment_without_accelerators_is_left_as_it_is() -> None:
    assert environment((), {"CUDA_VISIBLE_DEVICES": "3"}) == {"CUDA_VISIBLE_DEVICES": "3"}
    mps = Accelerator(vendor="apple", ordinal="0", name="Apple M2 GPU")
    assert environment((mps,), {"PATH": "/bin"}) == {"PATH": "/bin"}
