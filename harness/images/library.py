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
    answer, said = _answered(python, "harness.suite.library", question, variables or OFFLINE)
    if not isinstance(answer, dict):
        raise LibraryError(
            f"{python} could not answer about transformers ({said}): name a Python that has torch and "
            "transformers with --python"
        )
    return answer


def ask_hub(python: Path, *question: str, shown: bool = False) -> Any:
    """The same of `harness.suite.hub`, which asks the hub; `shown` tells on standard error how far it is.

    What is shown may take as long as it takes. LibraryError where there is no answer.
    """
    answer, said = _answered(python, "harness.suite.hub", question, ONLINE, shown=shown)
    if answer is None:
        raise LibraryError(
            f"{python} could not ask the hub ({said}): name a Python that has huggingface_hub with --python"
        )
    return answer


def _answered(
    python: Path, module: str, question: Sequence[str], variables: dict[str, str], *, shown: bool = False
) -> tuple[Any, str]:
    """The JSON document that the module wrote, None where it wrote none, and the last line it said."""
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        out = Path(folder) / "answer.json"
        said = _run([str(python), "-m", module, *question, str(out)], variables, shown=shown)
        try:
            return json.loads(out.read_text("utf-8")), said
        except (OSError, ValueError):
            return None, said


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


def _run(command: Sequence[str], variables: dict[str, str], *, shown: bool = False) -> str:
    """Run the command; the last line it said, which is not known of what was `shown` as it came."""
    try:
        ended = subprocess.run(
            command,
            env=os.environ | variables | {"PYTHONPATH": str(PACKAGE)},
            stdout=subprocess.PIPE,
            stderr=None if shown else subprocess.PIPE,
            timeout=None if shown else PATIENCE_S,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE_S} s"
    except OSError as error:
        return str(error.strerror)
    lines = [line.strip() for line in (ended.stderr or "").splitlines() if line.strip()]
    return lines[-1] if lines else f"it ended with code {ended.returncode}"
