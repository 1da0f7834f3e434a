"""The `harness` command: one module a verb, no logic of its own.

A verb's module is imported when the verb is typed, so that `harness --help` and `harness matrix list`
cost what they need and no more. Exit codes: 0 all as expected; 1 something is not; 2 the user's
mistake, told in one sentence; 130 interrupted.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from harness.errors import HarnessError
from harness.matrix.names import resolve

INTERRUPTED = 130


class Verb(NamedTuple):
    """Where a verb is, and its line in the help."""

    module: str
    help: str


VERBS = {
    "run": Verb("harness.cli.run", "Run a suite and print what came out."),
    "eval": Verb("harness.cli.eval", "Ask large models what datasets ask, and score the answers."),
    "fit": Verb("harness.cli.fit", "What models need, and which accelerators hold them."),
    "roofline": Verb("harness.cli.roofline", "Measure what this machine can do at most."),
    "doctor": Verb("harness.cli.doctor", "What this machine has, and what is missing for each device."),
    "compat": Verb("harness.cli.compat", "Models under several releases of transformers."),
    "results": Verb("harness.cli.results", "What came out."),
    "coverage": Verb("harness.cli.coverage", "How much of the library was tried, and with what outcome."),
    "repro": Verb("harness.cli.repro", "One check of one cell as a file of its own, for a bug report."),
    "matrix": Verb("harness.cli.matrix", "What is tested."),
    "models": Verb("harness.cli.models", "Large models: which there are, what they take, who may have them."),
    "categories": Verb("harness.cli.categories", "What large models are asked, by what they are good for."),
    "data": Verb("harness.cli.data", "Datasets: which there are, which are here, whether they are whole."),
    "image": Verb("harness.cli.image", "What a device's container holds."),
    "env": Verb("harness.cli.env", "Make the host runner's locked environment of a device."),
    "reap": Verb("harness.cli.reap", "Remove what killed runs left."),
}


class Verbs(click.Group):
    """A group that imports a verb when it is typed; its user errors are one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        """The verbs, in the order people meet them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002 — as above
        """The command of the verb's module; SelectionError, with the nearest verb, where there is none."""
        module = resolve("command", cmd_name, VERBS).module
        command: click.Command = getattr(import_module(module), module.rpartition(".")[2])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; HarnessError becomes a sentence on standard error and exit code 2."""
        try:
            code = super().main(*args, **kwargs | {"standalone_mode": False})
        except HarnessError as error:
            fail(str(error), error.exit_code)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            fail(error.format_message(), error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            fail("interrupted", INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def fail(sentence: str, code: int) -> None:
    """Say what is wrong and leave; with --json standard output is read by a program, whatever happened."""
    click.echo(f"error: {sentence}", err=True)
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": sentence, "exit_code": code}))
    sys.exit(code)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="model-harness")
@click.option(
    "--root", type=click.Path(path_type=Path), help="Folder with matrix.json; found upwards from here."
)
@click.pass_context
def main(context: click.Context, root: Path | None) -> None:
    """Test and time Hugging Face models on a device, in containers, from a matrix."""
    context.obj = root
