"""Pieces of work in shares that end at nearly the same time."""

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shares(items: Sequence[T], seconds: Callable[[T], float], count: int) -> tuple[tuple[T, ...], ...]:
    """The items in `count` shares, fewer where there are fewer items; in each they keep their order.

    The longest goes first, each to the share that has least, and of equals to the first. The longest share
    is at most 4/3 - 1/(3 count) times as long as that of the best division (R. L. Graham, Bounds on
    multiprocessing timing anomalies, SIAM Journal on Applied Mathematics 17 (1969), 416-429, theorem 2).
    """
    count = min(count, len(items))
    # A share's size stands between its seconds and its number, so that pieces of no length are spread too.
    open_shares = [(0.0, 0, number) for number in range(count)]
    given: list[list[int]] = [[] for _ in range(count)]
    for index in sorted(range(len(items)), key=lambda index: -seconds(items[index])):
        taken, size, number = heapq.heappop(open_shares)
        given[number].append(index)
        heapq.heappush(open_shares, (taken + seconds(items[index]), size + 1, number))
    return tuple(tuple(items[index] for index in sorted(share)) for share in given)


def count_for(items: Sequence[T], seconds: Callable[[T], float], target: float, most: int) -> int:
    """The least number of shares, at most `most`, of which none takes longer than `target` seconds.

    An item that alone takes longer is a share of its own length: more shares would not shorten it.
    """
    most = min(most, len(items))
    within = max(target, *(seconds(item) for item in items), 0.0)
    for count in range(1, most):
        if max(sum(map(seconds, share)) for share in shares(items, seconds, count)) <= within:
            return count
    return most
