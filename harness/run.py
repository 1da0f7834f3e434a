"""A run, from what was typed to its manifest: plan → device → runner → batches → results.

The steps are functions of `Plan` and `Way`; `conduct` is their order. What the steps do lives in the
rooms.
"""

import os
import secrets
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import docker

from harness.errors import EngineError, HostEnvironmentError, SelectionError
from harness.images import build, hostenv
from harness.interruption import resumable, terminable
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.matrix.plan import batches, plan
from harness.matrix.records import Cell, Device, Matrix, Parameters, Suite
from harness.matrix.select import Selection, select
from harness.results.record import Provenance, Result
from harness.results.store import Manifest, RunStore, find
from harness.results.verdict import exit_code
from harness.runners import devices, provenance
from harness.runners.docker import DockerRunner
from harness.runners.engine import connect, version
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import Event, Limits, Runner
from harness.runners.reaper import reap

MEMORY_SHARE = 0.9
"""Of the memory that is available when a run starts, what its cells may use unless told otherwise."""
MEMINFO = Path("/proc/meminfo")
NEEDED = ("torch", "transformers", "pytest", "pytest_benchmark", "scipy")
"""What the suite imports of the interpreter it runs in."""
ABSENT = (
    "import sys; from importlib.util import find_spec; "
    "print(*[name for name in sys.argv[1:] if find_spec(name) is None], sep=', ')"
)
"""A program that names the modules its interpreter does not have, without importing them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was typed."""

    suite: Suite
    device: str
    selection: Selection = field(default_factory=Selection)
    parameters: Parameters = field(default_factory=Parameters)
    runner: str | None = None
    """`docker` or `host`; None prefers the device's first, and falls back where no engine answers."""
    python: Path | None = None
    """An interpreter that has torch and transformers, for the host runner instead of the locked one."""
    memory_bytes: int | None = None
    timeout_s: float | None = None
    resume: str | None = None
    """A run to go on with: its cells that have no result."""
    command: tuple[str, ...] = ()


class Display(Protocol):
    """Where a run is seen while it goes on."""

    def tell(self, sentence: str) -> None:
        """Say something once."""

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """These cells are about to run."""

    def event(self, event: Event) -> None:
        """Something began or ended inside."""

    def result(self, result: Result) -> None:
        """A cell has its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run, on which device."""

    device: Device
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How it will run."""

    runner: Runner
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run left."""

    store: RunStore
    cells: tuple[Cell, ...]
    exit_code: int


def conduct(root: Path, results: Path, request: Request, display: Display) -> Done:
    """Carry the request out. HarnessError for what the user can mend, before anything is built."""
    matrix = load(root)
    planned = _planned(matrix, results, request)
    devices.require(planned.device)
    with terminable():
        client = _engine(planned.device, request, display.tell)
        for sentence in reap(results, client):
            display.tell(sentence)
        way = _way(root, planned.device, request, client, display.tell)
        store = _store(results, planned, request)
        with resumable(store, display.tell):
            return _carry_out(store, planned, way, request, display)


def _planned(matrix: Matrix, results: Path, request: Request) -> Plan:
    """The cells asked for, or those that a run to be resumed has left."""
    rows = {row.id: row for row in matrix.devices}
    if request.resume is not None:
        cells = find(results, request.resume).cells()
        return Plan(device=resolve("device", cells[0].device, rows), cells=cells)
    device = resolve("device", request.device, rows)
    models = select(matrix, request.selection)
    cells = plan(
        matrix,
        models,
        device,
        request.suite,
        request.parameters,
        checks=request.selection.checks or None,
        timeout_s=request.timeout_s,
    )
    return Plan(device=device, cells=cells)


def _engine(device: Device, request: Request, tell: Callable[[str], None]) -> docker.DockerClient | None:
    """The engine, where one is wanted and answers; None means the host runner."""
    if request.runner is not None and request.runner not in device.runners:
        raise SelectionError(
            f"device {device.id} cannot use --runner {request.runner}; it has {device.runners[0]}"
        )
    if request.python is not None and request.runner == "docker":
        raise SelectionError("--python is for the host runner: leave out --runner docker")
    if request.runner == "host" or request.python is not None or "docker" not in device.runners:
        return None
    try:
        return connect()
    except EngineError as error:
        if request.runner == "docker":
            raise
        tell(f"{str(error).removesuffix(', or use `--runner host`')}; using the host runner instead")
        return None


def _way(
    root: Path,
    device: Device,
    request: Request,
    client: docker.DockerClient | None,
    tell: Callable[[str], None],
) -> Way:
    package = root / "harness"
    if client is not None:
        image = build.ensure(device, root, client, tell)
        runner = DockerRunner(client, image, device, package)
        return Way(runner=runner, provenance=provenance.of_image(root, image, version(client)))
    if request.python is not None:
        python = _interpreter(request.python)
        return Way(runner=HostRunner(python, package), provenance=provenance.of_host(root, None))
    environment = hostenv.ensure(device, root, tell)
    runner_of_host = HostRunner(environment.python, package)
    return Way(runner=runner_of_host, provenance=provenance.of_host(root, environment.lock_hash))


def _interpreter(named: Path) -> Path:
    """The Python named, which must have what the suite imports; HostEnvironmentError where it does not."""
    found = shutil.which(named)
    if found is None:
        raise HostEnvironmentError(f"--python {named} is no program: name a Python interpreter")
    asked = subprocess.run([found, "-c", ABSENT, *NEEDED], capture_output=True, text=True, check=False)
    if asked.returncode or asked.stdout.strip():
        lack = asked.stdout.strip() or "what any Python has"
        raise HostEnvironmentError(
            f"--python {named} lacks {lack}: install it there, or leave out --python for the locked one"
        )
    return Path(found).absolute()


def _store(results: Path, planned: Plan, request: Request) -> RunStore:
    if request.resume is not None:
        return find(results, request.resume)
    return RunStore.create(results, _run_id(planned), planned.cells)


def _run_id(planned: Plan) -> str:
    """Sorts by time, says what it was, and does not collide with a run started in the same second."""
    first = planned.cells[0]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}-{first.suite}-{first.device}-{secrets.token_hex(2)}"


def _carry_out(store: RunStore, planned: Plan, way: Way, request: Request, display: Display) -> Done:
    """Run what has no result yet, keep each result as it comes, and write the manifest last."""
    started = datetime.now(UTC).isoformat()
    have = {result.report.cell for result in store.read().results}
    left = tuple(cell for cell in planned.cells if cell.id not in have)
    execution = Execution(
        run=store.run,
        folder=store.folder,
        limits=_limits(planned, request),
        provenance=way.provenance,
        keep=lambda result: _keep(store, display, result),
        progress=display.event,
        tell=display.tell,
    )
    display.begin(left)
    for batch in batches(left, planned.device, one_cell_each=way.runner.one_cell_each):
        execute(batch, way.runner, execution)
    contents = store.read()
    code = exit_code(contents.results, [cell.id for cell in planned.cells])
    store.finish(
        Manifest(
            run=store.run,
            command=request.command,
            started=started,
            finished=datetime.now(UTC).isoformat(),
            cells=len(planned.cells),
            results=len(contents.results),
            outcomes=dict(Counter(result.outcome.value for result in contents.results)),
            exit_code=code,
        )
    )
    return Done(store=store, cells=planned.cells, exit_code=code)


def _keep(store: RunStore, display: Display, result: Result) -> None:
    store.append(result)
    display.result(result)


def _limits(planned: Plan, request: Request) -> Limits:
    threads = planned.cells[0].parameters.threads  # the cells' own: a resumed run is not asked again
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    chosen = ",".join(str(cpu) for cpu in cpus[:threads]) if threads and cpus else None
    return Limits(memory_bytes=request.memory_bytes or _memory(), cpus=chosen)


def _memory() -> int | None:
    """A share of what the kernel can give without swapping; None where it does not tell."""
    with suppress(OSError):
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(int(line.split()[1]) * 1024 * MEMORY_SHARE)
    return None
