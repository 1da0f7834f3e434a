"""What the work may read beside its cells: folders of this machine, mounted read-only in a container.

A folder may hold a socket, at which the work reaches a server: see `relay`.
"""

from dataclasses import dataclass

REFERENCES = "references"
"""What the parity checks' reference computations have given in earlier runs."""
WEIGHTS = "weights"
"""The checkpoint of the model that is evaluated."""
DATA = "data"
"""The datasets, laid out as on the hub."""
ANSWERS = "answers"
"""What the models of this run have answered in earlier attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A folder that an attempt is given."""

    name: str
    folder: str
    """Here."""
    within: str = ""
    """Below the folder, what is meant: a snapshot of the hub's cache is links to what lies beside it."""

    reaches: str = ""
    """Address that is reached at a socket in the folder; empty where it holds files."""

    @property
    def variable(self) -> str:
        """What tells the suite where it is."""
        return f"HARNESS_{self.name.upper()}"

    @property
    def inside(self) -> str:
        """Where a container has it."""
        return f"/door/{self.name}"

    def below(self, folder: str) -> str:
        """What is meant, where the folder is that one."""
        return f"{folder}/{self.within}" if self.within else folder
