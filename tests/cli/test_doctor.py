"""`harness doctor` as a person types it, on this machine, whatever it has."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console

from harness.cli.doctor_tables import parts, to_json
from harness.machine.diagnosis import Way
from harness.machine.doctor import Standing, State
from harness.machine.reach import addresses, reach
from harness.machine.records import Accelerator, Engine, Machine, Node, Reach
from harness.matrix.load import load

Typed = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_every_device_of_the_matrix_is_told_of(typed: Typed, root: Path) -> None:
    shown = typed(root, "doctor", "--offline")
    assert shown.exit_code == 0, shown.output  # the tests themselves run on the processor
    for row in load(root).devices:
        assert f"\n{row.id}  " in shown.stdout


def test_a_device_that_is_absent_is_told_with_what_to_do(typed: Typed, root: Path, absent: str) -> None:
    shown = typed(root, "doctor", "--offline", "--device", f"{absent}:0")
    assert shown.exit_code == 1
    assert load(root).device(absent).presence.missing in shown.stdout


def test_programs_read_one_document(run: Run, root: Path, no_engine: dict[str, str]) -> None:
    """Without an engine the processor is ready all the same: on the host."""
    ended = run(root, "doctor", "--offline", "--json", HF_TOKEN="hf_a_secret", **no_engine)
    document = json.loads(ended.stdout)
    assert "hf_a_secret" not in ended.stdout
    machine = document["machine"]
    assert machine["hub_token"] is True
    assert machine["engine"] is None
    assert "no container engine answers at unix:///nonexistent" in machine["no_engine"]
    assert machine["cpus"] >= 1
    assert machine["reached"] == []
    devices = {row["device"]: row for row in document["devices"]}
    assert "container" not in devices["cpu"]["ways"]
    assert "python" in devices["cpu"]["ways"]
    (problem,) = [row for row in devices["cpu"]["problems"] if row["ways"] == ["container"]]
    assert problem["mend"]


def test_a_device_that_does_not_exist(typed: Typed, root: Path, sentence: Callable[[str], str]) -> None:
    shown = typed(root, "doctor", "--device", "cudaa")
    assert shown.exit_code == 2
    assert "the nearest is cuda" in sentence(shown.stderr)


def test_whoever_answers_is_reached_and_nobody_is_waited_for(tmp_path: Path) -> None:
    """A refusal is an answer; a port that nobody listens at is none."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(401)

        def log_message(self, *args: object) -> None:
            """Not on the tests' standard error."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.handle_request, daemon=True).start()
        port = server.server_address[1]
        there, gone = reach({"hub": f"http://127.0.0.1:{port}", "registry": "http://127.0.0.1:1"})
    assert (there.what, there.answered) == ("hub", True)
    assert (gone.answered, gone.reason) == (False, "no connection")


@pytest.mark.parametrize(
    ("environment", "hub"),
    [({}, "https://huggingface.co"), ({"HF_ENDPOINT": "https://mirror"}, "https://mirror")],
)
def test_what_is_asked(environment: dict[str, str], hub: str) -> None:
    asked = addresses(environment, None, {"cpu": "https://index"})
    assert asked == {"hub": hub, "torch for cpu": "https://index"}
    assert next(iter(addresses(environment, "https://registry", {}))) == "registry"


MACHINE = Machine(
    platform="linux-x86_64",
    kernel="Linux 6.8",
    cpu="a CPU",
    cpus=16,
    memory_bytes=64 * 10**9,
    available_bytes=None,
    free_disk_bytes=10**12,
    engine=Engine(
        version="28.2.2",
        storage_driver="overlay2",
        cgroup="2",
        folder="/x",
        cdi_devices=("nvidia.com/gpu=0",),
    ),
    reached=(Reach(what="hub", address="https://hub", answered=False, reason="no connection"),),
)


def test_accelerators_are_named_as_they_are_typed(root: Path) -> None:
    node = Node(path="/dev/dri/renderD128", mode=0o660, gid=105, openable=True)
    cards = (
        Accelerator(
            vendor="nvidia", ordinal="0", name="H100", uuid="GPU-0f8a2c51-7d3e", memory_bytes=10, used_bytes=9
        ),
        Accelerator(vendor="nvidia", ordinal="1", name="H100", uuid="GPU-1f8a2c51-7d3e"),
        Accelerator(vendor="amd", ordinal="0", name="MI300X", nodes=(node,)),
    )
    matrix = load(root)
    standings = [
        Standing(
            device=matrix.device("cuda"), state=State.READY, ways=(Way.CONTAINER,), accelerators=cards[:2]
        ),
        Standing(device=matrix.device("rocm"), state=State.READY, ways=(Way.PYTHON,), accelerators=cards[2:]),
    ]
    out = Console(record=True, width=150)
    for part in parts(MACHINE, standings):
        out.print(part)
    lines = out.export_text().splitlines()
    (first,) = [line for line in lines if line.startswith("cuda:0 ")]
    assert "GPU-0f8a2c51 " in first
    assert first.rstrip().endswith("(busy)  nvidia.com/gpu=0")
    (second,) = [line for line in lines if line.startswith("cuda:1 ")]
    assert second.rstrip().endswith("runtime")  # the engine does not list it
    (third,) = [line for line in lines if line.startswith("rocm:0 ")]
    assert third.rstrip().endswith("/dev/kfd /dev/dri/renderD128")
    assert any("https://hub does not answer: no connection" in line for line in lines)
    assert to_json(MACHINE, standings[0])["accelerators"][0]["container"] == ("nvidia.com/gpu=0",)
