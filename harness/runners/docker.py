"""The docker runner: create → start → wait → remove, with a name that an earlier try would have too."""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Self, final

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import Mount
from requests.exceptions import RequestException

from harness.errors import EngineError
from harness.images.image import PYTHON, Image
from harness.images.toxini import COMMAND, RELEASE
from harness.machine.records import Accelerator
from harness.matrix.devices import Device
from harness.matrix.records import Suite
from harness.results.record import Isolation
from harness.runners.engine import describe
from harness.runners.hardening import harden
from harness.runners.owner import Owner
from harness.runners.protocol import Ending, Limits, Order, Stop, Ticking

TICK_S = 1.0
KILL_S = 30
"""How long the engine may take to end a container that it was told to kill."""
APP = "harness"
RUN = "harness.run"
"""Label: the run it belongs to. `harness.app` proves nothing: containers inherit their image's labels."""
DEADLINE = "harness.deadline"
"""Label: seconds since the epoch after which the reaper may remove the container."""
OWNER = "harness.owner"
"""Label: the process that waits for the container."""
PACKAGES = "/opt/harness"
CELLS = "/door/cells.json"
CODE = "/door/code"
OUT = "/door/out"
REMOTE_CODE = "HARNESS_REMOTE_CODE"
"""Variable: where the suite finds the code of a checkpoint. Nothing else than a container gets it."""
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108, the container's own
    "HF_HUB_OFFLINE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": PACKAGES,
}
HIGHEST = 128 + 64
"""The last exit code that 128 + a signal of Linux gives."""
LOST = (RequestException, DockerException)
"""What a request raises when the engine is not there any more, or no longer makes sense."""


@final
class DockerRunner:
    """Runs each attempt in a hardened container of the device's image."""

    name = "docker"

    def __init__(self, client: docker.DockerClient, image: Image, device: Device, package: Path) -> None:
        """`package` is the folder of the harness's own code, of which a copy is mounted read-only."""
        self._client = client
        self._image = image
        self._device = device
        self._package = package
        self._hardening = harden(device.container)

    def given(self, accelerators: Sequence[Accelerator]) -> Self:
        """The same runner, whose containers are handed these accelerators."""
        given = copy(self)
        cdi = describe(self._client).cdi_devices if accelerators else ()
        given._hardening = harden(self._device.container, accelerators, cdi)  # noqa: SLF001 — of its own copy
        return given

    def one_cell_each(self, suite: Suite) -> bool:  # noqa: ARG002 — the protocol's
        """One container holds all the cells of a suite."""
        return False

    def isolation(self, limits: Limits) -> Isolation:
        """What will stand between the work and the machine."""
        return self._hardening.isolation(limits)

    def attempt(self, order: Order, watch: Ticking) -> Ending:
        """Run the suite on `order.cells` in a container; EngineError where it cannot be started."""
        began = time.monotonic()
        container: Container | None = None
        try:
            container = self._start(order)
            stopped = _follow(container, watch)
            _save_log(container, order)
            return _ending(container, order, stopped, time.monotonic() - began)
        except APIError as problem:
            if container is None:
                raise EngineError(
                    f"the container engine refused {_name(order)}: {problem.explanation}"
                ) from problem
            removed = isinstance(problem, NotFound)
            return Ending(exit_code=None, seconds=time.monotonic() - began, engine_lost=not removed)
        except LOST:
            return Ending(exit_code=None, seconds=time.monotonic() - began, engine_lost=True)
        finally:
            with suppress(*LOST):  # then the reaper finds it by its label
                self._remove(order)

    def _start(self, order: Order) -> Container:
        self._remove(order)  # an earlier try's, which has the same name
        container = self._client.containers.create(
            self._image.id,
            name=_name(order),
            entrypoint=[PYTHON],
            command=[*(COMMAND if order.release.is_dir() else ("-m", "harness.suite")), CELLS, OUT],
            working_dir="/tmp",  # noqa: S108, the container's own
            environment=ENVIRONMENT | _variables(order),
            mounts=[
                Mount(
                    f"{PACKAGES}/harness", str(staged(self._package, order.work)), type="bind", read_only=True
                ),
                Mount(CELLS, str(order.cells), type="bind", read_only=True),
                Mount(OUT, str(order.out), type="bind"),
                *(Mount(inside, path, type="bind", read_only=True) for inside, path in _mounted(order)),
            ],
            labels=_labels(order),
            **self._hardening.arguments(order.limits),
        )
        container.start()
        return container

    def _remove(self, order: Order) -> None:
        try:
            container = self._client.containers.get(_name(order))
        except NotFound:
            return
        if container.labels.get(RUN) == order.run:  # a stranger's keeps its name, and the engine says so
            container.remove(v=True, force=True)


def _mounted(order: Order) -> list[tuple[str, str]]:
    """What only some attempts have: where it is inside, and where it is here."""
    own = [
        (inside, str(path))
        for inside, path in ((CODE, order.code), (RELEASE, order.release))
        if path.is_dir()
    ]
    return own + [(row.inside, row.folder) for row in order.given]


def _variables(order: Order) -> dict[str, str]:
    """What names to the suite that which only some attempts have."""
    code = {REMOTE_CODE: CODE} if order.code.is_dir() else {}
    return code | {row.variable: row.below(row.inside) for row in order.given}


def staged(package: Path, folder: Path) -> Path:
    """A copy of the harness's code, in `folder`, that the container's user can read and no edit changes."""
    copy = folder / "package"
    shutil.copytree(package, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def _name(order: Order) -> str:
    return f"harness-{order.run}-{order.name}"


def _labels(order: Order) -> dict[str, str]:
    return {
        "harness.app": APP,
        RUN: order.run,
        "harness.batch": order.batch,
        "harness.attempt": str(order.attempt),
        DEADLINE: str(int(order.deadline)),
        OWNER: str(Owner.of(os.getpid())),
    }


def _follow(container: Container, watch: Ticking) -> Stop | None:
    """Sleep until the container has ended; why it was killed, or None if it ended by itself."""
    ended: SimpleQueue[Exception | None] = SimpleQueue()
    Thread(target=_wait, args=(container, ended), daemon=True).start()
    while True:
        try:
            problem = ended.get(timeout=TICK_S)
        except Empty:
            stop = watch.tick()
            if stop is not None:
                with suppress(APIError):  # it has ended meanwhile
                    container.kill()
                with suppress(Empty):
                    ended.get(timeout=KILL_S)
                return stop
        else:
            if problem is not None:
                raise problem
            return None


def _wait(container: Container, ended: "SimpleQueue[Exception | None]") -> None:
    """Wait in one request: cut into slices, each would leave a socket, and wake the engine for nothing."""
    try:
        container.wait(timeout=None)
    except LOST as problem:
        ended.put(problem)
    else:
        ended.put(None)


def _save_log(container: Container, order: Order) -> None:
    order.log.write_bytes(container.logs())  # the engine has capped it


def _ending(container: Container, order: Order, stopped: Stop | None, seconds: float) -> Ending:
    container.reload()
    state = container.attrs["State"]
    code = state["ExitCode"]
    if order.release.is_dir() and code > HIGHEST:
        code = 128 + (256 - code)  # tox ends with the -n of its command, of which a byte is left
    return Ending(exit_code=code, oom_killed=state["OOMKilled"], stopped=stopped, seconds=seconds)
