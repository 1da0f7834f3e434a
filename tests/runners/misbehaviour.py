"""A stand-in for the suite: each cell does what the name of its model says.

The runners' tests put this file in the place of `harness/suite/__main__.py`, in the real container.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CELLS, OUT = Path(sys.argv[1]), Path(sys.argv[2])
RESULTS = OUT / "results.jsonl"
EAT = "hoard = []\nwhile True: hoard.append(b'x' * 2**24)"


def write(name: str, data: object) -> None:
    with (OUT / name).open("a", encoding="utf-8") as file:
        file.write(json.dumps(data) + "\n")


def report(cell: str, **more: Any) -> None:
    row = {"cell": cell, "outcome": "passed", "started": "2026-11-21T03:15:00Z", "seconds": 0.1}
    write("results.jsonl", row | more)


def passes(cell: str) -> None:
    report(cell)


def eats(cell: str) -> None:
    exec(EAT)


def eats_and_says_so(cell: str) -> None:
    try:
        exec(EAT)
    except MemoryError:
        report(cell, outcome="oom", message="the model does not fit")


def child_eats(cell: str) -> None:
    subprocess.run([sys.executable, "-c", EAT], check=False)
    report(cell)


def child_eats_and_it_says_so(cell: str) -> None:
    subprocess.run([sys.executable, "-c", EAT], check=False)
    report(cell, outcome="oom", message="a process of this cell was killed for want of memory")


def hangs(cell: str) -> None:
    write("progress.jsonl", {"event": "check", "cell": cell, "name": "generate", "at": 0})
    time.sleep(3600)


def buys_time(cell: str) -> None:
    while True:
        write("progress.jsonl", {"event": "start", "cell": cell, "name": None, "at": 0})
        time.sleep(0.1)


def segfaults(cell: str) -> None:
    ctypes.string_at(0)


def kills_itself(cell: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def takes_others_with_it(cell: str) -> None:
    """The end of a suite that has all the cells after this one in flight as well, of which one is done."""
    for row in json.loads(CELLS.read_text())["cells"]:
        if row["id"] > cell:
            write("progress.jsonl", {"event": "start", "cell": row["id"], "name": None, "at": 0})
        if row["id"].endswith("-quick"):
            report(row["id"])
    os.kill(os.getpid(), signal.SIGKILL)


def quick(cell: str) -> None:
    report(cell)


def hangs_beside_others(cell: str) -> None:
    """The others started half its timeout later, and are not late yet."""
    time.sleep(2)
    for row in json.loads(CELLS.read_text())["cells"]:
        if row["id"] > cell:
            write("progress.jsonl", {"event": "start", "cell": row["id"], "name": None, "at": 0})
    time.sleep(3600)


def leaves(cell: str) -> None:
    os._exit(0)


def gives_up(cell: str) -> None:
    sys.exit(3)


def bombs(cell: str) -> None:
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.5)


def orphans(cell: str) -> None:
    child = subprocess.Popen(["sleep", "3600"])
    report(cell, facts={"child": child.pid})


def calls_out(cell: str) -> None:
    found: list[str] = [name for _, name in socket.if_nameindex()]
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5)
        reached = "reached"
    except OSError as problem:
        reached = type(problem).__name__ + ": " + str(problem.strerror)
    report(cell, facts={"interfaces": found, "reached": reached})


def intrudes(cell: str) -> None:
    facts = {"uid": os.getuid(), "written": []}
    for path in (
        "/x",
        "/etc/x",
        "/opt/venv/x",
        "/opt/harness/harness/x",
        "/door/x",
        str(CELLS),
        "/dev/shm/ok",
    ):
        try:
            Path(path).write_text("x")
            facts["written"].append(path)  # type: ignore[attr-defined]
        except OSError:
            pass
    status = Path("/proc/self/status").read_text().splitlines()
    facts |= dict(
        row.split(":\t") for row in status if row.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"))
    )
    report(cell, facts=facts)


def tells_its_environment(cell: str) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    report(cell, facts={"names": sorted(os.environ), "cpus": cpus, "cwd": str(Path.cwd())})


def remembers(cell: str) -> None:
    """Adds a line to what an earlier cell has left, as far as it may, and hands out the whole."""
    given = Path(os.environ["HARNESS_REFERENCES"])
    name = "remembers-BertModel-s0-outputs-0.safetensors"
    before = (given / name).read_text() if (given / name).exists() else ""
    try:
        (given / name).write_text("spoilt")
        refused = False
    except OSError:
        refused = True
    (OUT / "references").mkdir(exist_ok=True)
    (OUT / "references" / name).write_text(before + "once\n")
    report(cell, facts={"refused": refused})


def invents_a_cell(cell: str) -> None:
    report("nobody")


def breaks_the_schema(cell: str) -> None:
    report(cell, outcome="splendid")


def repeats(cell: str) -> None:
    report(cell)
    report(cell)


def says_nan(cell: str) -> None:
    report(cell, seconds=float("nan"))


def links(cell: str) -> None:
    RESULTS.unlink(missing_ok=True)
    RESULTS.symlink_to("/etc/hostname")


def pipes(cell: str) -> None:
    RESULTS.unlink(missing_ok=True)
    os.mkfifo(RESULTS)


def balloons(cell: str) -> None:
    report(cell)
    os.truncate(RESULTS, 2**31 if os.getuid() == 10001 else 2**28)


def floods(cell: str) -> None:
    with (OUT / "rubbish").open("wb") as file:
        while True:
            file.write(b"x" * 2**20)
            time.sleep(0.01)


def tears(cell: str) -> None:
    with RESULTS.open("a") as file:
        file.write('{"cell": "')
    os.kill(os.getpid(), signal.SIGKILL)


def litters(cell: str) -> None:
    """A tree that neither recursion nor a path can reach the end of, and a folder that nobody may enter."""
    (OUT / "locked" / "inner").mkdir(parents=True)
    (OUT / "locked").chmod(0)
    os.chdir(OUT)
    for _ in range(1500):
        Path("deeper").mkdir()
        os.chdir("deeper")
    report(cell)


def files(cell: str) -> None:
    sys.stdout.write("a word for the log\n")
    (OUT / "benchmark.json").write_text('{"benchmarks": []}')
    (OUT / "junit.xml").write_text("<testsuites/>")
    report(cell)


def files_rubbish(cell: str) -> None:
    (OUT / "benchmark.json").write_text('{"benchmarks": NaN}')
    (OUT / "junit.xml").symlink_to("/etc/hostname")
    report(cell)


def main() -> None:
    for row in json.loads(CELLS.read_text())["cells"]:
        cell, deed = row["id"], globals()[row["model"]["id"]]
        write("progress.jsonl", {"event": "start", "cell": cell, "name": None, "at": 0})
        deed(cell)
        write("progress.jsonl", {"event": "finish", "cell": cell, "name": None, "at": 0})


main()
