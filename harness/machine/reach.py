"""Does an address on the network answer? Asked of all at once, and briefly."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import requests

from harness.machine.records import Reach

ANSWER_S = 3.0
"""For the connection, and again for the first byte."""
HUB = "https://huggingface.co"
HUB_VARIABLE = "HF_ENDPOINT"


def addresses(
    environment: Mapping[str, str], registry: str | None, indexes: Mapping[str, str]
) -> dict[str, str]:
    """What → its address: the engine's registry, the hub, and the index of torch of each device."""
    named = {"registry": registry} if registry else {}
    hub = {"hub": environment.get(HUB_VARIABLE) or HUB}
    return named | hub | {f"torch for {device}": address for device, address in indexes.items()}


def reach(named: Mapping[str, str]) -> tuple[Reach, ...]:
    """Whether each answered, in the order given. Any answer counts: a refusal comes from there too."""
    if not named:
        return ()
    with ThreadPoolExecutor(max_workers=len(named)) as pool:
        return tuple(pool.map(_ask, named.keys(), named.values()))


def _ask(what: str, address: str) -> Reach:
    try:
        requests.head(address, timeout=ANSWER_S, allow_redirects=False).close()
    except requests.RequestException as problem:
        return Reach(what=what, address=address, answered=False, reason=_reason(problem))
    return Reach(what=what, address=address, answered=True)


def _reason(problem: requests.RequestException) -> str:
    """Which kind of failure, in a few words; the library's own are a page long."""
    kinds = (
        (requests.exceptions.ProxyError, "the proxy refuses"),
        (requests.exceptions.SSLError, "its certificate is not trusted here"),
        (requests.exceptions.Timeout, f"no answer within {ANSWER_S:g} s"),
        (requests.exceptions.ConnectionError, "no connection"),
    )
    return next((words for kind, words in kinds if isinstance(problem, kind)), type(problem).__name__)
