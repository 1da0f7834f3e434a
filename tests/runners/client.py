"""A client that the tests can kill: `client.py docker|host PLAN` runs the plan's batch as `harness` would."""

import json
import sys
from pathlib import Path

from harness.images.image import Image
from harness.matrix.cells import Batch, Cell
from harness.matrix.devices import Device
from harness.results.record import Provenance
from harness.results.store import RunStore
from harness.runners import engine
from harness.runners.docker import DockerRunner
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import Limits, Runner

plan = json.loads(Path(sys.argv[2]).read_text())
store = RunStore(Path(plan["folder"]))
device = Device(id="cpu", title="CPU", torch_device="cpu", dtypes=(), runners=(), image="cpu")
runner: Runner
if sys.argv[1] == "docker":
    runner = DockerRunner(engine.connect(), Image(**plan["image"]), device, Path(plan["package"]))
else:
    runner = HostRunner(Path(sys.executable), Path(plan["package"]))
execution = Execution(
    run=store.run,
    folder=store.folder,
    limits=Limits(**plan["limits"]),
    provenance=Provenance(**plan["provenance"]),
    keep=store.append,
)
cells = tuple(Cell.from_json(cell) for cell in plan["cells"])
try:
    execute(Batch(id="b0", device=device, cells=cells), runner, execution)
except KeyboardInterrupt:
    sys.exit(130)
