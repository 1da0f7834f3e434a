"""`python -m harness.suite.repro CELL.json CHECK OUT.py`: write a reproduction of one check of one cell."""

import json
import sys
from pathlib import Path

import transformers

from harness.matrix.cells import Cell
from harness.suite.repro.script import script


def main(cell: Path, check: str, out: Path) -> int:
    """Write the script to `out`."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    out.write_text(script(Cell.from_json(json.loads(cell.read_text("utf-8"))), check), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
