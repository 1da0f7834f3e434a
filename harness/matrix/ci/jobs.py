"""What is wanted, as jobs: for each device and suite as many as were asked for, or as keep to a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from harness.errors import SelectionError
from harness.matrix.ci.balance import count_for, shares
from harness.matrix.ci.durations import Basis, Durations, Expected
from harness.matrix.ci.job import Job
from harness.matrix.ci.platform import Platform
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Model, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Models, each with the classes that are wanted of it, to be run on a device in a suite."""

    device: Device
    suite: Suite
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """How what is wanted is divided into the jobs of a platform."""

    platform: Platform
    number: int | None = None
    """So many jobs a device and suite; fewer where there are fewer models."""
    minutes: float = 20.0
    """Without a number: as few as each take no longer, what precedes the first cell left out."""
    labels: tuple[str, ...] = ()
    """Labels of the runners, in place of the devices' own."""

    def labels_of(self, device: Device) -> tuple[str, ...]:
        """What a runner must have to be given the device's jobs; none where there are to be none."""
        return self.labels or self.platform.labels(device.ci)

    def most(self, groups: int, models: int) -> int:
        """Jobs that each of so many pairs of device and suite may have; one of them has so many models.

        SelectionError where the platform would refuse so many jobs, or there are fewer models than jobs.
        """
        limit, title, number = self.platform.limits.jobs, self.platform.title, self.number or 1
        most = limit // groups
        if most == 0:
            raise SelectionError(
                f"{groups} pairs of device and suite need over {limit} jobs, more than {title} takes: "
                "name fewer devices or suites"
            )
        if number > most:
            raise SelectionError(
                f"--shard {number} makes {number * groups} jobs, more than the {limit} that {title} takes: "
                f"give --shard {most} or less"
            )
        if number > models:
            raise SelectionError(
                f"--shard {number} is more than there are models: give --shard {models} or less"
            )
        return most


def plan_jobs(
    wanted: Iterable[Wanted], matrix: Matrix, durations: Durations, division: Division
) -> tuple[Job, ...]:
    """The jobs, in the order of what is wanted; a device without labels for the platform has none.

    SelectionError as `Division.most` has it.
    """
    run = [each for each in wanted if each.models and division.labels_of(each.device)]
    if not run:
        return ()
    most = division.most(len(run), max(len(each.models) for each in run))
    whole = {model.id: model.classes for model in matrix.models}
    return tuple(chain.from_iterable(_jobs(each, whole, durations, division, most) for each in run))


def _jobs(
    wanted: Wanted, whole: dict[str, tuple[str, ...]], durations: Durations, division: Division, most: int
) -> Iterator[Job]:
    expected = {model.id: durations.expected(model, wanted.device, wanted.suite) for model in wanted.models}

    def seconds(model: Model) -> float:
        return expected[model.id].seconds

    count = division.number or count_for(wanted.models, seconds, division.minutes * 60, most)
    parts = shares(wanted.models, seconds, count)
    for number, models in enumerate(parts, start=1):
        part = models[0].id if len(models) == 1 else f"{number}of{len(parts)}"
        yield Job(
            name=f"{wanted.device.id}-{wanted.suite}-{part}",
            device=wanted.device,
            labels=division.labels_of(wanted.device),
            suite=wanted.suite,
            models=tuple(model.id for model in models),
            classes=_classes(models, whole) if wanted.suite is Suite.FUNCTIONAL else (),
            expected_s=sum(map(seconds, models)),
            estimates=_estimates(expected[model.id] for model in models),
        )


def _estimates(expected: Iterable[Expected]) -> dict[str, int]:
    counted = Counter(each.basis.value for each in expected if each.basis is not Basis.TIMED)
    return dict(sorted(counted.items()))


def _classes(models: Sequence[Model], whole: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The classes to name, so that no other class of the models is run; none where all are wanted."""
    if all(model.classes == whole[model.id] for model in models):
        return ()
    return tuple(dict.fromkeys(name for model in models for name in model.classes))
