"""The logs of what is built: where they are, and what in them says why a build failed."""

import re
from pathlib import Path

ERROR = re.compile(r"^(ERROR|error|E): ")
"""How pip, the engine and debootstrap begin the line that gives the reason."""
VERDICT = "install: failed: "
"""How images/install.py begins the line that says what that means and what to do."""
NOISE = re.compile(r"^The command '.*' returned a non-zero code")
"""What the engine says of every failed step; the step itself has said why before it."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def log_file(root: Path, name: str) -> Path:
    """The log of that name, in a folder that exists."""
    folder = root / ".harness" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def reason(log: Path) -> str:
    """Why what a log records failed, in the words of whoever said it best."""
    text = COLOUR.sub("", log.read_text(encoding="utf-8", errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not NOISE.match(line)]
    errors = [line for line in lines if ERROR.match(line)]
    verdicts = [line.removeprefix(VERDICT) for line in lines if line.startswith(VERDICT)]
    if errors and verdicts:
        return f"{verdicts[-1]} ({errors[-1]})"
    return (verdicts or errors or lines or ["no reason given"])[-1]
