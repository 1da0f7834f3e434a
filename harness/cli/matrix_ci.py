"""`harness matrix github|gitlab|buildkite|touched`: the matrix as jobs of CI, and what a change touches."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, SUITES, root_of, select_options, selection_of, tell
from harness.cli.values import WORDS, finite
from harness.errors import SelectionError
from harness.matrix.ci.changes import changes
from harness.matrix.ci.durations import Durations, known
from harness.matrix.ci.job import Job
from harness.matrix.ci.jobs import Division, Wanted, plan_jobs
from harness.matrix.ci.platform import Platform
from harness.matrix.ci.platforms import PLATFORMS
from harness.matrix.ci.touched import touched, wanted
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection, select


def _verb(platform: Platform) -> click.Command:
    """The platform's verb."""

    @click.command(platform.id, help=f"Print the jobs of {platform.title}, balanced by how long models took.")
    @click.option("--device", multiple=True, metavar="A,B", help="Only these devices.")
    @click.option("--suite", multiple=True, type=click.Choice(SUITES), help="Only these suites.")
    @select_options
    @click.option("--since", metavar="REF", help="Instead: what the change since this revision touches.")
    @click.option("--shard", type=click.IntRange(min=1), metavar="N", help="So many jobs a device and suite.")
    @click.option(
        "--minutes",
        type=click.FloatRange(min=0, min_open=True),
        callback=finite,
        default=20.0,
        show_default=True,
        help="Without --shard: as few jobs as take no longer.",
    )
    @click.option(
        "--durations",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What past runs took.  [default: durations.json beside matrix.json]",
    )
    @click.option(
        "--runner", type=WORDS, default="", metavar="A,B", help="Labels in place of those of --device."
    )
    @click.pass_context
    def verb(context: click.Context, /, **options: Any) -> None:
        if options["runner"] and not options["device"]:
            raise SelectionError("--runner is for named devices: say which it has, with --device")
        root = root_of(context)
        loaded = load(root)
        division = Division(
            platform=platform,
            number=options["shard"],
            minutes=options["minutes"],
            labels=options["runner"],
        )
        asked = _wanted(loaded, root, options)
        without = {row.device.id: None for row in asked if not division.labels_of(row.device)}
        if without and options["device"]:
            tell(f"no job for {', '.join(without)}: {platform.title} has no runner; name one with --runner")
        durations = Durations(known(options["durations"], root), loaded)
        jobs = plan_jobs(asked, loaded, durations, division)
        _tell_estimates(jobs)
        click.echo(platform.text(jobs))

    return verb


def _tell_estimates(jobs: Sequence[Job]) -> None:
    """Say for how many models of how many a duration was estimated, and how."""
    estimates = sum((Counter(job.estimates) for job in jobs), Counter())
    if estimates:
        named = ", ".join(f"{count} at {basis}" for basis, count in estimates.items())
        tell(f"never timed: {named}; timed: {sum(len(job.models) for job in jobs) - estimates.total()}")


def _wanted(loaded: Matrix, root: Path, options: dict[str, Any]) -> tuple[Wanted, ...]:
    """What is to be run on the devices and in the suites that the options leave."""
    devices = _devices(loaded, options["device"])
    suites = [Suite(name) for name in options["suite"] or SUITES]
    selection = selection_of(options)
    if options["since"] is None:
        models = select(loaded, selection)
        return tuple(Wanted(device=row, suite=suite, models=models) for row in devices for suite in suites)
    if selection != Selection():
        raise SelectionError("--since chooses the models itself: leave out what names models")
    found = wanted(touched(loaded, changes(root, options["since"])), loaded)
    return tuple(each for each in found if each.device in devices and each.suite in suites)


def _devices(loaded: Matrix, names: tuple[str, ...]) -> list[Device]:
    every = {row.id: row for row in loaded.devices}
    found = [resolve("device", name, every) for name in Selection.of(names).models]
    return found or list(every.values())


@click.command("touched")
@click.option("--since", required=True, metavar="REF", help="The revision to compare with.")
@AS_JSON
@click.pass_context
def touched_by(context: click.Context, /, *, since: str, as_json: bool) -> None:
    """List what the change since a revision touches: models, devices and suites."""
    root = root_of(context)
    found = touched(load(root), changes(root, since))
    if as_json:
        click.echo(json.dumps({"touched": [each.to_json() for each in found]}))
    elif not found:
        click.echo("no model is touched")
    else:
        for each in found:
            models = each.models[0].id if len(each.models) == 1 else f"{len(each.models)} models"
            where = ",".join(device.id for device in each.devices)
            click.echo(f"{each.what}: {models} on {where}, {' and '.join(each.suites)}")


github, gitlab, buildkite = (_verb(PLATFORMS[name]) for name in ("github", "gitlab", "buildkite"))
