"""Lay the packages of this Python beneath those of an environment: `python -m harness.suite.beneath FOLDER`.

What the environment has itself comes first. A virtual environment that is made from another one does not see
the other's packages: with `system-site-packages` it sees those of the Python below both.
"""

import sys
import sysconfig
from pathlib import Path

NAME = "beneath.pth"


def main(packages: Path) -> None:
    """Have an interpreter whose site-packages are this folder look into ours after its own.

    The format is that of https://docs.python.org/3/library/site.html.
    """
    own = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (packages / NAME).write_text("".join(f"{path}\n" for path in own), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
