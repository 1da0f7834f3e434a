"""Whether the hub gives repositories to whoever asks from here; the hub's own library reads the token."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

T = TypeVar("T")

PATIENCE_S = 10.0
AT_ONCE = 8
OFFLINE = "unknown_offline"
FAILED = HfHubHTTPError.__mro__[1]
"""What the hub's library raises where no answer comes: the base class of whatever speaks HTTP for it."""


def access(hub_ids: Sequence[str]) -> dict[str, Any]:
    """The status of each model, whether the hub answered at all, and whether there is a token."""
    api = HfApi()
    asked = asked_of_each(hub_ids, lambda hub_id: _status(api, hub_id), lambda status: status != OFFLINE)
    found = [status or OFFLINE for status in asked]
    return {
        "reachable": any(status != OFFLINE for status in found),
        "token": get_token() is not None,
        "status": dict(zip(hub_ids, found, strict=True)),
    }


def asked_of_each(items: Sequence[T], ask: Callable[[T], Any], answered: Callable[[Any], bool]) -> list[Any]:
    """What `ask` says of each item; None of all but the first where that one went unanswered.

    The first is asked about alone, so that a hub that cannot be reached costs one wait.
    """
    first = [ask(item) for item in items[:1]]
    if not all(map(answered, first)):
        return first + [None] * (len(items) - 1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return first + list(pool.map(ask, items[1:]))


def status_of(ask: Callable[[], object]) -> str:
    """What it means that the hub answers `ask` as it does; `ask` gives whether a repository is gated.

    Gated is caught before missing, of which it is a kind.
    """
    try:
        gated = ask()
    except GatedRepoError:
        return "gated_denied"
    except RepositoryNotFoundError:
        return "missing"
    except (FAILED, OSError):
        return OFFLINE
    return "gated_granted" if gated else "open"


def _status(api: HfApi, hub_id: str) -> str:
    def gated() -> object:
        found = api.model_info(hub_id, expand=["gated"], timeout=PATIENCE_S).gated
        if found:
            api.auth_check(hub_id)
        return found

    return status_of(gated)
