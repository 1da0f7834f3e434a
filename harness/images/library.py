"""Questions that only the library can answer, put to it in a process of its own.

The process is the locked environment of the cpu image, or a Python that the user names. It runs the library's
own code and none that a checkpoint brings: nothing of the library is imported on this side.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import LibraryError
from harness.images import hostenv
from harness.images.hostenv import Tell
from harness.matrix.cells import Cell
from harness.matrix.devices import Device

PATIENCE_S = 300
PACKAGE = Path(__file__).parents[2]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "OMP_NUM_THREADS": "1"}
ONLINE = OFFLINE | {"HF_HUB_OFFLINE": "0"}


def python_of(given: Path | None, device: Device, root: Path, tell: Tell) -> Path:
    """The Python that has the library: the one given, or that of the device's locked environment."""
    return given or hostenv.ensure(device, root, tell).python


def ask(python: Path, *question: str, variables: dict[str, str] | None = None) -> dict[str, Any]:
    """The answer to `python -m harness.suite.library VERB … OUT.json`; LibraryError where there is none.

    `question` is the verb and its arguments; the file of the answer is put last.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        out = Path(folder) / "answer.json"
        said = _run([str(python), "-m", "harness.suite.library", *question, str(out)], variables or OFFLINE)
        try:
            answer: dict[str, Any] = json.loads(out.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"{python} could not answer about transformers ({said}): name a Python that has torch and "
                "transformers with --python"
            ) from error
    return answer


def reproduce(python: Path, cell: Cell, check: str, out: Path) -> None:
    """Write the reproduction of a cell's check to `out`; LibraryError where it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        given = Path(folder) / "cell.json"
        given.write_text(json.dumps(cell.to_json()), "utf-8")
        made = Path(folder) / "script.py"
        said = _run([str(python), "-m", "harness.suite.repro", str(given), check, str(made)], OFFLINE)
        if not made.is_file():
            raise LibraryError(f"no reproduction of {check} of {cell.id} could be made: {said}")
        try:
            out.write_text(made.read_text("utf-8"), "utf-8")
        except OSError as error:
            raise LibraryError(
                f"{out} cannot be written: {error.strerror}; name another file with --out"
            ) from error


def _run(command: Sequence[str], variables: dict[str, str]) -> str:
    """Run the command; the last line it said."""
    try:
        ended = subprocess.run(
            command,
            env=os.environ | variables | {"PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            timeout=PATIENCE_S,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE_S} s"
    except OSError as error:
        return str(error.strerror)
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"it ended with code {ended.returncode}"
