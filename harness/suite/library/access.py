"""Whether the hub gives models to whoever asks from here; the hub's own library reads the token."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

PATIENCE_S = 10.0
AT_ONCE = 8
OFFLINE = "unknown_offline"
FAILED = HfHubHTTPError.__mro__[1]
"""What the hub's library raises where no answer comes: the base class of whatever speaks HTTP for it."""


def access(hub_ids: Sequence[str]) -> dict[str, Any]:
    """The status of each, whether the hub answered at all, and whether there is a token.

    The first is asked about alone, so that a hub that cannot be reached costs one wait.
    """
    api, ids = HfApi(), list(hub_ids)
    found = {ids[0]: _status(api, ids[0])} if ids else {}
    if OFFLINE in found.values():
        found |= dict.fromkeys(ids, OFFLINE)
    else:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found |= dict(zip(ids[1:], pool.map(lambda hub_id: _status(api, hub_id), ids[1:]), strict=True))
    reachable = any(status != OFFLINE for status in found.values())
    return {"reachable": reachable, "token": get_token() is not None, "status": found}


def _status(api: HfApi, hub_id: str) -> str:
    """Gated is caught before missing, of which it is a kind."""
    try:
        gated = api.model_info(hub_id, expand=["gated"], timeout=PATIENCE_S).gated
        if gated:
            api.auth_check(hub_id)
    except GatedRepoError:
        return "gated_denied"
    except RepositoryNotFoundError:
        return "missing"
    except (FAILED, OSError):
        return OFFLINE
    return "gated_granted" if gated else "open"
