"""What a change touches: the models, devices and suites that are to be run because of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from harness.matrix.ci.changes import Changes
from harness.matrix.ci.jobs import Wanted
from harness.matrix.devices import Device
from harness.matrix.load import MATRIX
from harness.matrix.records import Matrix, Model, Priority, Suite

FUNCTIONAL, BOTH = (Suite.FUNCTIONAL,), (Suite.FUNCTIONAL, Suite.THROUGHPUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a path touches: the critical models, in these suites, on every device or that of one image."""

    pattern: str
    """As `fnmatch` reads it: * stands for anything, / included."""
    suites: tuple[Suite, ...]
    image: str | None = None
    """Only devices of this folder of `images/`."""


NOTHING = (
    *(
        "*.md",
        "docs/*",
        "results/*",
        "tests/*",
        "benchmarks/*",
        ".ci/*",
        ".buildkite/*",
        "noxfile.py",
        "LICENSE",
    ),
    *(".gitignore", ".gitlab-ci.yml", "durations.json", "harness/matrix/ci/*", MATRIX),
)
"""Paths that touch no model; of the matrix its rows do."""

RULES = (
    Rule(pattern="harness/suite/throughput/*", suites=(Suite.THROUGHPUT,)),
    Rule(pattern="harness/suite/roofline/*", suites=(Suite.THROUGHPUT,)),
    Rule(pattern="harness/suite/fit/*", suites=()),
    Rule(pattern="harness/suite/functional/*", suites=FUNCTIONAL),
    Rule(pattern="harness/suite/*", suites=BOTH),
    Rule(pattern="*", suites=FUNCTIONAL),
)
"""What other paths touch, the first that fits: what nobody has thought of is tried rather than left out."""


UNTESTED = {"families", "gone", "registry", "categories", "presets"}
"""Lists of the matrix whose rows are names and facts that no check is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One thing that was changed, and what it touches."""

    what: str
    """A path, or a row of the matrix."""
    models: tuple[Model, ...]
    devices: tuple[Device, ...]
    suites: tuple[Suite, ...]

    def to_json(self) -> dict[str, Any]:
        """Ids, as `--json` prints them."""
        return {
            "what": self.what,
            "models": [model.id for model in self.models],
            "devices": [device.id for device in self.devices],
            "suites": [suite.value for suite in self.suites],
        }


def touched(matrix: Matrix, changed: Changes) -> tuple[Touched, ...]:
    """What each path and each row touches; those that touch nothing are left out."""
    everything = [*_by_path(matrix, changed.paths), *(_by_row(matrix, *row) for row in changed.rows)]
    return tuple(each for each in everything if each.models and each.devices and each.suites)


def wanted(found: Iterable[Touched], matrix: Matrix) -> tuple[Wanted, ...]:
    """What is to be run, each model once a device and suite, with every class that something touches."""
    classes: dict[tuple[str, Suite], dict[str, dict[str, None]]] = {}
    for each in found:
        for device in each.devices:
            for suite in each.suites:
                group = classes.setdefault((device.id, suite), {})
                for model in each.models:
                    group.setdefault(model.id, {}).update(dict.fromkeys(model.classes))
    return tuple(
        Wanted(device=matrix.device(device), suite=suite, models=_with(matrix, group))
        for (device, suite), group in sorted(classes.items())
    )


def critical(matrix: Matrix, architecture: str | None = None) -> tuple[Model, ...]:
    """The critical models, of one architecture or of all, each by its principal class."""
    return tuple(
        replace(model, classes=model.classes[:1])
        for model in matrix.models
        if model.priority is Priority.CRITICAL and architecture in {None, model.architecture}
    )


def _by_path(matrix: Matrix, paths: Sequence[str]) -> Iterator[Touched]:
    models = critical(matrix)
    images = {device.image for device in matrix.devices if device.image}
    # A folder that begins with an image's name holds a variant of it.
    own = [Rule(pattern=f"images/{image}[-/]*", suites=FUNCTIONAL, image=image) for image in sorted(images)]
    for path in paths:
        if not any(fnmatchcase(path, pattern) for pattern in NOTHING):
            rule = next(rule for rule in (*own, *RULES) if fnmatchcase(path, rule.pattern))
            devices = tuple(device for device in matrix.devices if rule.image in {None, device.image})
            yield Touched(what=path, models=models, devices=devices, suites=rule.suites)


def _by_row(matrix: Matrix, name: str, row: dict[str, Any]) -> Touched:
    """A model's row touches it with all its classes; any other the models and devices that it is about."""
    own = row.get("id")
    model = own if name == "models" else row.get("model")
    architecture = own if name == "architectures" else row.get("architecture")
    device = own if name == "devices" else row.get("device")
    return Touched(
        what=f"{name} {own or ' '.join(str(row[key]) for key in ('check', 'model') if key in row)}".rstrip(),
        models=tuple(each for each in matrix.models if each.id == model)
        if model is not None
        else critical(matrix, architecture),
        devices=tuple(each for each in matrix.devices if device in {None, each.id}),
        suites=FUNCTIONAL if name not in UNTESTED else (),
    )


def _with(matrix: Matrix, group: dict[str, dict[str, None]]) -> tuple[Model, ...]:
    """The models of the group in the matrix's order, each with the classes of the group in its own order."""
    return tuple(
        replace(model, classes=tuple(name for name in model.classes if name in group[model.id]))
        for model in matrix.models
        if model.id in group
    )
