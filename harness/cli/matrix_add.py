"""`harness matrix add`: one model more, detected, tried and validated before it is written."""

import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, PYTHON, device_of, results_of, root_of, tell
from harness.cli.results import print_run
from harness.display import display
from harness.errors import CheckpointError, SelectionError
from harness.images.library import OFFLINE, ONLINE, ask, python_of
from harness.matrix.adding import Found, candidate, with_row
from harness.matrix.checkpoint import CONFIG, HUB_ID, cached_configs, code_of, inspect, read_config
from harness.matrix.layout import compact, write
from harness.matrix.load import load_data, loaded
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection
from harness.request import Request
from harness.run import Done, conduct
from harness.runners.choose import Wish
from harness.runners.remote import RemoteCode, read_code


@click.command("add")
@click.argument("what", metavar="NAME|PATH|HUB_ID")
@click.option("--id", "row_id", help="The id of the row.  [default: from the name]")
@click.option("--allow-pickle", is_flag=True, help="Accept weights that can run code when they are opened.")
@click.option(
    "--trust-remote-code",
    "trusted",
    is_flag=True,
    help="Run the code a checkpoint brings, in a container only.",
)
@click.option("--runner", type=click.Choice(["docker", "host"]), help="What tries it, as with `harness run`.")
@PYTHON
@AS_JSON
@click.pass_context
def add_model(context: click.Context, /, what: str, *, as_json: bool, **options: Any) -> int:
    """Add a model: a type of transformers, the folder of a checkpoint, or one on the hub.

    Its architecture, classes and tasks are detected, its functional cells are run, and its row is written if
    all of them are as expected.
    """
    root = root_of(context)
    python = python_of(options["python"], device_of(context, "cpu"), root, tell)
    found = _found(what, python, options)
    row = candidate(load_data(root), found, options["row_id"])
    matrix = loaded(with_row(load_data(root), row), root)
    code = read_code(Path(what).expanduser()) if found.remote_code else None
    done = _tried(context, matrix, row["id"], code, options)
    if not as_json:
        print_run(done.store, as_json=False)
    if done.exit_code == 0:
        # The file is read anew: somebody may have written while the cells ran.
        data = with_row(load_data(root), row)
        loaded(data, root)
        write(root, data)
        tell(f"added to matrix.json: {compact(row)}")
    else:
        tell("nothing was written to matrix.json: not everything is as expected")
    if as_json:
        click.echo(json.dumps({"written": done.exit_code == 0, "run": done.store.run, "row": row}))
    return done.exit_code


def _found(what: str, python: Path, options: dict[str, Any]) -> Found:
    """What was named, as the library sees it."""
    path = Path(what).expanduser()
    if path.exists() or what.startswith((".", "/", "~")):
        seen = inspect(path, allow_pickle=options["allow_pickle"])
        found = Found(name=path.resolve().name, config=seen.config)
        return _detected(path / CONFIG, python, found, trusted=options["trusted"])
    if HUB_ID.fullmatch(what):
        config = _hub_config(what, python)
        found = Found(name=what.partition("/")[2], hub_id=what, config=read_config(config))
        return _detected(config, python, found, trusted=options["trusted"])
    answer = ask(python, "catalogue", what)
    if not answer["types"]:
        raise SelectionError(
            f"transformers {answer['transformers']} has no model type {what!r}: name a type, the folder of a "
            "checkpoint, or owner/name of one on the hub"
        )
    ((model_type, entry),) = answer["types"].items()
    return Found(name=model_type, model_type=model_type, entry=entry)


def _detected(config: Path, python: Path, found: Found, *, trusted: bool) -> Found:
    """The checkpoint with the library's entry of its type, or that of its own code; else CheckpointError."""
    answer = ask(python, "detect", str(config))
    code = None if answer["known"] else code_of(found.config)
    if trusted and answer["known"] and code_of(found.config):
        tell(f"transformers has {answer['model_type']} itself: the code that {found.name} brings is not run")
    if code and not trusted:
        raise CheckpointError(
            f"{config} asks for code that the checkpoint brings, {code}, which is not run: use a release of "
            "transformers that has the model itself, or say --trust-remote-code to run it in a container"
        )
    if code and found.hub_id:
        raise CheckpointError(
            f"{found.hub_id} brings code, {code}, and nothing but its {CONFIG} is fetched: download it, "
            "and name its folder"
        )
    answer = (answer["brought"] if code else None) or answer
    if answer["problem"]:
        raise CheckpointError(
            f"{config} cannot be built: {answer['problem']}; mend it, or use a release that has it"
        )
    found = replace(found, remote_code=bool(code))
    return found.of(answer["model_type"], answer, answer["fields"])


def _hub_config(hub_id: str, python: Path) -> Path:
    """config.json of a repository on the hub: from the hub's cache here, or fetched into it."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    cached = next((path for path in cached_configs(hub_id, cache) if path.is_file()), None)
    if cached is not None:
        return cached
    answer = ask(
        python, "fetch", hub_id, variables=OFFLINE if os.environ.get("HF_HUB_OFFLINE") == "1" else ONLINE
    )
    if answer["problem"]:
        raise CheckpointError(
            f"the config of {hub_id} is not in {cache} and cannot be fetched ({answer['problem']}): check "
            "the name and the network, or name a folder that holds it"
        )
    return Path(answer["path"])


def _tried(
    context: click.Context, matrix: Matrix, row_id: str, code: RemoteCode | None, options: dict[str, Any]
) -> Done:
    """How its functional cells ended."""
    request = Request(
        suite=Suite.FUNCTIONAL,
        device="cpu",
        selection=Selection(models=(row_id,)),
        wish=Wish(
            runner=options["runner"], python=options["python"] if options["runner"] == "host" else None
        ),
        code=code,
        command=("matrix", "add", row_id),
    )
    with closing(display()) as shown:
        return conduct(root_of(context), results_of(context), request, shown, matrix=matrix)
