"""Whether a model's weights can be had: they are here, or the hub gives them to whoever asks from here.

What is in the hub's cache is told from its files. The hub is asked by its own library, in the Python that has
it, which alone reads a token; where the hub must not be asked, nothing is started.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.images.cached import home, snapshot
from harness.images.library import ask_hub

FLAG = "HF_HUB_OFFLINE"
TRUE = {"1", "ON", "YES", "TRUE"}
"""What the hub's library takes for yes in a variable."""


class Status(StrEnum):
    """Whether a model's weights can be had."""

    CACHED = "cached"
    OPEN = "open"
    GATED_GRANTED = "gated_granted"
    GATED_DENIED = "gated_denied"
    MISSING = "missing"
    UNKNOWN_OFFLINE = "unknown_offline"


TO_DO = {
    Status.CACHED: "",
    Status.OPEN: "",
    Status.GATED_GRANTED: "",
    Status.GATED_DENIED: "accept the licence at https://huggingface.co/{hub_id}, then `hf auth login`",
    Status.MISSING: "the hub shows nothing of that name: check it, or `hf auth login`",
    Status.UNKNOWN_OFFLINE: "ask again where the hub can be reached, and without HF_HUB_OFFLINE",
}
"""What to do next; nothing where the weights can be had."""
REFUSED = {Status.GATED_DENIED, Status.MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of the access from this machine."""

    reachable: bool | None
    """None where it was not asked."""
    token: bool
    """There is one; it is not read on this side."""
    status: dict[str, Status]
    """Hub id → status, in the order asked for."""


def is_offline() -> bool:
    """Whether the hub must not be asked: the user has said so to the hub's library."""
    return os.environ.get(FLAG, "").upper() in TRUE


def access(hub_ids: Iterable[str], python: Path | None) -> Answer:
    """The access to each; what is cached is not asked about, and nothing is without `python`.

    LibraryError where the Python has not the hub's library.
    """
    here = {hub_id: Status.CACHED if snapshot(hub_id) else None for hub_id in hub_ids}
    rest = [hub_id for hub_id, status in here.items() if status is None]
    if python is None or not rest:
        offline = dict.fromkeys(rest, Status.UNKNOWN_OFFLINE)
        return Answer(
            reachable=None,
            token=_has_token(),
            status={hub_id: status or offline[hub_id] for hub_id, status in here.items()},
        )
    said = ask_hub(python, "access", *rest)
    found = {hub_id: Status(status) for hub_id, status in said["status"].items()}
    return Answer(
        reachable=said["reachable"],
        token=said["token"],
        status={hub_id: status or found[hub_id] for hub_id, status in here.items()},
    )


def _has_token() -> bool:
    """Whether there is a token where the hub's library looks for one."""
    file = Path(os.environ.get("HF_TOKEN_PATH") or home() / "token")
    return bool(os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")) or file.is_file()
