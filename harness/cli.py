"""The `harness` command: one function a verb, no logic of its own.

The rooms are imported inside the verbs, so that `harness --help` and `harness matrix list` cost what
they need and no more. Exit codes: 0 all as expected; 1 something is not; 2 the user's mistake, told in
one sentence; 130 interrupted.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import HarnessError, MatrixError

Function = TypeVar("Function", bound=Callable[..., Any])
INTERRUPTED = 130
SUITES = ("functional", "throughput")


class Group(click.Group):
    """A group whose user errors are one sentence, and whose interruption says so by its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; HarnessError becomes a sentence on standard error and exit code 2."""
        try:
            code = super().main(*args, **kwargs | {"standalone_mode": False})
        except HarnessError as error:
            _fail(str(error), error.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted: what was finished is kept; `harness run --resume RUN` goes on", INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str, code: int) -> None:
    click.echo(f"error: {sentence}", err=True)
    if "--json" in sys.argv:  # then standard output is read by a program, whatever happened
        click.echo(json.dumps({"error": sentence, "exit_code": code}))
    sys.exit(code)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="model-harness")
@click.option("--root", type=click.Path(path_type=Path), help="Folder with matrix.json; found upwards from here.")
@click.pass_context
def main(context: click.Context, root: Path | None) -> None:
    """Test and time Hugging Face models on a device, in containers, from a matrix."""
    context.obj = root


def _root(context: click.Context) -> Path:
    from harness.matrix.load import find_root

    given: Path | None = context.obj
    return find_root(given)


def _results(context: click.Context) -> Path:
    return _root(context) / "results"


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


def _select(function: Function) -> Function:
    """The options that choose models."""
    function = click.option("--arch", multiple=True, metavar="A,B", help="Every model of these architectures.")(function)
    return click.option("--model", multiple=True, metavar="A,B", help="These models; with --arch, both.")(function)


@main.command()
@click.option("--suite", type=click.Choice(SUITES), default="functional", show_default=True)
@click.option("--device", default="cpu", show_default=True, help="A device of the matrix.")
@_select
@click.option("--check", multiple=True, metavar="A,B", help="Only these checks of the functional suite.")
@click.option("--dtype", default="float32", show_default=True)
@click.option("--batch", type=int, default=1, show_default=True)
@click.option("--input-tokens", type=int, default=128, show_default=True)
@click.option("--output-tokens", type=int, default=16, show_default=True)
@click.option("--threads", type=int, help="Cores a cell may use.  [default: all]")
@click.option("--rounds", type=int, default=5, show_default=True, help="Timed rounds of a phase.")
@click.option("--budget", type=float, default=150, show_default=True, help="Seconds for a cell's timed rounds.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]")
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option("--memory", metavar="SIZE", help="Memory a cell may use, such as 8g.  [default: 90% of what is free]")
@click.option("--timeout", type=float, help="Seconds a cell may take.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@AS_JSON
@click.pass_context
def run(context: click.Context, *, as_json: bool, **options: Any) -> int:
    """Run a suite and print what came out."""
    from harness.display import display
    from harness.matrix.records import Parameters, Suite
    from harness.matrix.select import Selection
    from harness.run import Request, conduct

    names = ("dtype", "batch", "input_tokens", "output_tokens", "threads", "rounds", "seed")
    request = Request(
        suite=Suite(options["suite"]),
        device=options["device"],
        selection=Selection.of(options["model"], options["arch"], options["check"]),
        parameters=Parameters(**{name: options[name] for name in names}, budget_s=options["budget"]),
        runner=options["runner"],
        python=options["python"],
        memory_bytes=_bytes(options["memory"]),
        timeout_s=options["timeout"],
        resume=options["resume"],
        command=tuple(sys.argv[1:]),
    )
    shown = display()
    try:
        done = conduct(_root(context), _results(context), request, shown)
    finally:
        shown.close()
    _report(done.store, as_json=as_json)
    return done.exit_code


def _report(store: Any, *, as_json: bool, svg: Path | None = None) -> None:
    from harness.results import report

    contents, planned = store.read(), [cell.id for cell in store.cells()]
    arguments = (contents.results, store.folder, planned)
    if svg is not None:
        report.to_svg(svg, *arguments)
    if as_json:
        click.echo(json.dumps(report.to_json(store.run, *arguments, contents.warnings), allow_nan=False))
    else:
        report.show(report.console(sys.stdout), *arguments, contents.warnings)


def _bytes(size: str | None) -> int | None:
    """`8g`, `512m` or plain bytes, in powers of 1024 as container engines read them."""
    if size is None:
        return None
    from docker.errors import DockerException
    from docker.utils import parse_bytes

    try:
        return int(parse_bytes(size))
    except DockerException as error:
        raise click.BadParameter(f"{size!r} is no size: write bytes, or a number with k, m or g") from error


@main.group()
def matrix() -> None:
    """What is tested."""


@matrix.command("check")
@AS_JSON
@click.pass_context
def matrix_check(context: click.Context, *, as_json: bool) -> int:
    """Check matrix.json against its schema and for references to what is not there."""
    from harness.matrix.load import problems

    found = problems(_root(context))
    if as_json:
        click.echo(json.dumps({"problems": found}))
    elif found:
        raise MatrixError(found)
    else:
        click.echo("matrix.json is sound")
    return MatrixError.exit_code if found else 0


@matrix.command("list")
@_select
@AS_JSON
@click.pass_context
def matrix_list(context: click.Context, *, model: tuple[str, ...], arch: tuple[str, ...], as_json: bool) -> None:
    """List the models, with their architecture and checkpoint."""
    from harness.matrix.load import load
    from harness.matrix.select import Selection, select

    rows = select(load(_root(context)), Selection.of(model, arch))
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows]))
        return
    for row in rows:
        checkpoint = row.checkpoint.hub_id if row.checkpoint else ""
        click.echo(f"{row.id:<18}{row.architecture:<18}{row.model_type:<14}{checkpoint}".rstrip())


@matrix.command("show")
@click.argument("name")
@click.pass_context
def matrix_show(context: click.Context, name: str) -> None:
    """Show the row of a model or device as JSON."""
    from harness.matrix.load import load
    from harness.matrix.names import model_names, resolve

    loaded = load(_root(context))
    rows: dict[str, Any] = {device.id: device for device in loaded.devices} | model_names(loaded.models)
    click.echo(json.dumps(_plain(resolve("model or device", name, rows)), indent=2))


@matrix.command("github")
@click.option("--device", multiple=True, metavar="A,B", help="Only these devices.")
@click.option("--suite", multiple=True, type=click.Choice(SUITES), help="Only these suites.")
@_select
@click.pass_context
def matrix_github(
    context: click.Context,
    *,
    device: tuple[str, ...],
    suite: tuple[str, ...],
    model: tuple[str, ...],
    arch: tuple[str, ...],
) -> None:
    """Print the jobs of GitHub Actions' `strategy.matrix`, never more than 256."""
    from harness.matrix.github import github_jobs
    from harness.matrix.load import load
    from harness.matrix.names import resolve
    from harness.matrix.records import Suite
    from harness.matrix.select import Selection, select

    loaded = load(_root(context))
    every = {row.id: row for row in loaded.devices}
    names = Selection.of(device).models
    devices = [resolve("device", name, every) for name in names] or list(every.values())
    suites = [Suite(name) for name in suite or SUITES]
    click.echo(json.dumps(github_jobs(select(loaded, Selection.of(model, arch)), devices, suites)))


@main.group()
def image() -> None:
    """What a device's container holds."""


@image.command("build")
@click.argument("device")
@AS_JSON
@click.pass_context
def image_build(context: click.Context, device: str, *, as_json: bool) -> None:
    """Build the device's image, unless an unchanged one is there."""
    from harness.images.build import ensure
    from harness.runners.engine import connect

    found = ensure(_device(context, device), _root(context), connect(), _tell)
    click.echo(json.dumps(_plain(found)) if as_json else f"{found.tag} {found.id}")


@image.command("lock")
@click.argument("device", required=False)
@click.pass_context
def image_lock(context: click.Context, device: str | None) -> None:
    """Resolve requirements.in into requirements.lock, with hashes; of every image if none is named."""
    from harness.images.lock import lock
    from harness.matrix.load import load

    root = _root(context)
    rows = [_device(context, device)] if device else [row for row in load(root).devices if row.image]
    for row in rows:
        lock(row, root, _tell)


@main.command()
@click.argument("device")
@click.option("--into", type=click.Path(path_type=Path), help="Install into this Python's environment instead.")
@click.pass_context
def env(context: click.Context, device: str, into: Path | None) -> None:
    """Make the host runner's locked environment of a device, and print its Python."""
    from harness.images import hostenv

    row, root = _device(context, device), _root(context)
    if into is not None:
        hostenv.install(row, root, into, _tell)
        click.echo(into)
    else:
        click.echo(hostenv.ensure(row, root, _tell).python)


@main.group()
def results() -> None:
    """What came out."""


@results.command("list")
@AS_JSON
@click.pass_context
def results_list(context: click.Context, *, as_json: bool) -> None:
    """List the runs, the newest first."""
    from harness.results.store import runs

    found = runs(_results(context))
    if as_json:
        rows = [{"run": row.store.run, "manifest": _plain(row.manifest) if row.manifest else None} for row in found]
        click.echo(json.dumps(rows))
        return
    for row in found:
        ended = row.manifest
        state = f"{ended.results}/{ended.cells} results" if ended else row.warning or "incomplete"
        outcomes = ", ".join(f"{count} {name}" for name, count in ended.outcomes.items()) if ended else ""
        click.echo(f"{row.store.run}  {state}  {outcomes}".rstrip())


@results.command("show")
@click.argument("run", required=False)
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the tables into this file as well.")
@AS_JSON
@click.pass_context
def results_show(context: click.Context, run: str | None, svg: Path | None, *, as_json: bool) -> int:
    """Print the tables of a run, the newest if none is named."""
    from harness.results.store import find
    from harness.results.verdict import exit_code

    store = find(_results(context), run)
    _report(store, as_json=as_json, svg=svg)
    return exit_code(store.read().results, [cell.id for cell in store.cells()])


@main.command()
@click.pass_context
def reap(context: click.Context) -> None:
    """Remove containers and folders that killed runs left; their finished cells are kept."""
    from harness.errors import EngineError
    from harness.runners.engine import connect
    from harness.runners.reaper import reap as reap_now

    try:
        client = connect()
    except EngineError:
        client = None  # then only folders and processes can be left
    for sentence in reap_now(_results(context), client):
        click.echo(sentence)


def _device(context: click.Context, name: str) -> Any:
    from harness.matrix.load import load
    from harness.matrix.names import resolve

    return resolve("device", name, {row.id: row for row in load(_root(context)).devices})


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _plain(record: Any) -> Any:
    from dataclasses import asdict

    return asdict(record)
