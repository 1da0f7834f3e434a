"""After a client that was killed: its containers and processes end, its finished cells are kept."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import NotFound

from harness.errors import HarnessError, RecordError
from harness.results.store import RunStore
from harness.runners import door
from harness.runners.docker import DEADLINE, OWNER, RUN
from harness.runners.host import end_group
from harness.runners.owner import Owner
from harness.runners.protocol import Order

UNOWNED_S = 3600.0
"""Age from which a folder whose client died while making it is rubbish."""


def reap(results: Path, client: docker.DockerClient | None) -> list[str]:
    """Remove what killed clients left, and say what, a sentence each; `results` is the folder of all runs.

    What belongs to a client that lives, or of which nothing can be known, stays until its deadline.
    """
    done = list(_containers(client)) if client else []
    for work in sorted(results.glob("*/work/*")):
        try:
            done.extend(_folder(work, client))
        except (HarnessError, OSError) as problem:  # another reaper was quicker, or it is another user's
            done.append(f"left {work}: {problem}")
    return done


def _containers(client: docker.DockerClient) -> Iterator[str]:
    for container in client.containers.list(
        all=True, ignore_removed=True, filters={"label": [RUN, DEADLINE]}
    ):
        owner = Owner.parse(container.labels.get(OWNER, ""))
        if _over(owner, float(container.labels[DEADLINE])):
            with suppress(NotFound):  # another reaper was quicker
                container.remove(v=True, force=True)
                yield f"removed the container {container.name}"


def _folder(work: Path, client: docker.DockerClient | None) -> Iterator[str]:
    try:
        order, owner, process = door.read_order(work)
    except RecordError:
        if time.time() - work.stat().st_mtime > UNOWNED_S:
            door.remove(work)
            yield f"removed {work}, which nothing was run in"
        return
    contained = order.isolation.runner == "docker" and client is None and order.deadline > time.time()
    if contained or not _over(owner, order.deadline):
        return  # a container that nobody asked about may still write there
    if process is not None and process.alive():
        end_group(process.pid)
        yield f"ended the process {process.pid} of {order.name}"
    kept = _keep(order)
    door.close_door(order)
    yield f"took in {kept} finished cells of {order.name} in {order.run}, and removed its folder"


def _keep(order: Order) -> int:
    """Append what the attempt had finished and its client had not stored yet."""
    store = RunStore(order.folder)
    stored = {result.report.cell for result in store.read().results}
    new = [result for result in door.intake(order.work).results if result.report.cell not in stored]
    for result in new:
        store.append(result)
    return len(new)


def _over(owner: Owner | None, deadline: float) -> bool:
    return deadline < time.time() or (owner is not None and owner.gone())
