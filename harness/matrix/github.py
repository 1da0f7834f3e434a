"""The matrix as jobs of GitHub Actions, which refuses more than 256 of them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from harness.errors import SelectionError
from harness.matrix.records import Device, Model, Suite

LIMIT = 256


def github_jobs(
    models: Sequence[Model], devices: Iterable[Device], suites: Sequence[Suite], limit: int = LIMIT
) -> dict[str, Any]:
    """The value of `strategy.matrix`: a job a model, device and suite; several models a job past `limit`.

    Devices without a CI label have none. Each job has name, device, runner (its label), suite and models
    (ids, comma between). SelectionError where even one job a device and suite is more than `limit`.
    """
    groups = [(device, suite) for device in devices if device.ci_label is not None for suite in suites]
    if len(groups) > limit:
        raise SelectionError(
            f"{len(groups)} pairs of device and suite need over {limit} jobs: name fewer devices or suites"
        )
    shards = _shards(models, limit // len(groups)) if groups else []
    return {
        "include": [
            {
                "name": f"{device.id}-{suite}-{_label(shard, number, len(shards))}",
                "device": device.id,
                "runner": device.ci_label,
                "suite": suite.value,
                "models": ",".join(model.id for model in shard),
            }
            for device, suite in groups
            for number, shard in enumerate(shards, start=1)
        ]
    }


def _shards(models: Sequence[Model], most: int) -> list[Sequence[Model]]:
    """The models in at most `most` runs of neighbours, whose lengths differ by one at most."""
    count = min(most, len(models))
    bounds = [len(models) * number // count for number in range(count + 1)] if count else []
    return [models[start:end] for start, end in pairwise(bounds)]


def _label(shard: Sequence[Model], number: int, count: int) -> str:
    return shard[0].id if len(shard) == 1 else f"{number}of{count}"
