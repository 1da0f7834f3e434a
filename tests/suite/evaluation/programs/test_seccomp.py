"""The filter as the kernel reads it, for both machines, run by an interpreter of its instructions."""

import platform
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.evaluation.programs import seccomp
from harness.suite.evaluation.programs.judge import judge
from harness.suite.evaluation.programs.seccomp import (
    ALLOW,
    CALLS,
    KILL,
    MACHINES,
    REFUSE,
    NoFilter,
    instructions,
)

READ_ONLY, WRITE_ONLY, READ_WRITE, CREATE, TRUNCATE = 0, 1, 2, 0o100, 0o1000
MACHINE = pytest.mark.parametrize("machine", MACHINES)


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter returns for a call; a jump backwards or out of the program is an IndexError."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, MACHINES[machine][0] if audit is None else audit, 0, *padded)
    program, place, held = list(instructions(machine)), 0, 0
    while True:
        row = program[place]
        place += 1
        if row.code == seccomp.LOAD:
            (held,) = struct.unpack_from("<I", data, row.constant)
        elif row.code == seccomp.AND:
            held &= row.constant
        elif row.code == seccomp.EQUAL:
            place += row.equal if held == row.constant else row.unequal
        else:
            return row.constant


def number(machine: str, name: str) -> int:
    found = CALLS[name][MACHINES[machine][1]]
    assert found is not None
    return found


@MACHINE
@given(call=st.integers(0, 0xFFFFFFFF), arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_what_is_not_listed_is_refused(machine: str, call: int, arguments: list[int]) -> None:
    listed = {numbers[MACHINES[machine][1]] for numbers in CALLS.values()}
    if call not in listed:
        assert verdict(machine, call, *arguments) == REFUSE


@MACHINE
@pytest.mark.parametrize("name", sorted(set(CALLS) - set(seccomp.CONDITIONS)))
def test_what_is_listed_is_allowed(machine: str, name: str) -> None:
    if CALLS[name][MACHINES[machine][1]] is not None:
        assert verdict(machine, number(machine, name), 2**64 - 1) == ALLOW


@MACHINE
@pytest.mark.parametrize("flag", [WRITE_ONLY, READ_WRITE, CREATE, TRUNCATE, CREATE | READ_WRITE])
def test_a_file_is_opened_to_read(machine: str, flag: int) -> None:
    close_on_exec = 0o2000000
    assert verdict(machine, number(machine, "openat"), 0, 0, READ_ONLY | close_on_exec) == ALLOW
    assert verdict(machine, number(machine, "openat"), 0, 0, flag | close_on_exec) == REFUSE


@MACHINE
def test_limits_are_asked_for_and_not_set(machine: str) -> None:
    call = number(machine, "prlimit64")
    assert verdict(machine, call, 0, 7, 0, 0x7F0000001000) == ALLOW
    assert verdict(machine, call, 1, 7, 0, 0x7F0000001000) == REFUSE  # another process's
    for pointer in (0x1000, 0x100000000):
        assert verdict(machine, call, 0, 7, pointer, 0) == REFUSE


@MACHINE
@pytest.mark.parametrize(
    ("name", "good", "bad"), [("fcntl", 2, 8), ("fcntl", 1030, 10), ("ioctl", 0x5401, 0x5412)]
)
def test_files_are_controlled_as_reading_takes(machine: str, name: str, good: int, bad: int) -> None:
    assert verdict(machine, number(machine, name), 0, good) == ALLOW
    assert verdict(machine, number(machine, name), 0, bad) == REFUSE


@MACHINE
def test_calls_in_another_machines_numbers_end_the_process(machine: str) -> None:
    assert verdict(machine, number(machine, "read"), audit=0x40000003) == KILL


def test_another_machine_has_no_filter() -> None:
    with pytest.raises(NoFilter, match="no filter of system calls for riscv64"):
        list(instructions("riscv64"))


EVERY_CALL = """
import ctypes
def others(listed, most):
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for number in set(range(most)) - listed:
        ctypes.set_errno(0)
        if libc.syscall(number, -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != 1:
            found.append(number)
    return found
"""


PROBES = {"x86_64": {335, 336}, "aarch64": set[int]()}
"""uretprobe and uprobe, which the kernel lets past any filter, and ends whoever makes them on their own."""


def test_the_kernel_reads_it_as_we_do() -> None:
    """Every call there is, made from within the sandbox; the numbers beyond 600 are of no kernel yet."""
    machine = platform.machine()
    listed = {numbers[MACHINES[machine][1]] for numbers in CALLS.values()} - {None}
    assert judge(EVERY_CALL, f"assert others({listed | PROBES[machine]}, 600) == []").reason == "passed"
