"""The `harness` command as a person types it: its help, what it costs, and what a mistake gives."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import VERBS, main

GROUPS = {
    "results": ("list", "show", "durations"),
    "matrix": ("check", "list", "show", "github", "gitlab", "buildkite", "touched", "sync", "add"),
    "image": ("build", "lock"),
}
Typed = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_every_command_has_help(typed: Typed) -> None:
    assert typed(Path.cwd(), "--help").exit_code == 0
    for verb in VERBS:
        for path in [(verb,), *((verb, name) for name in GROUPS.get(verb, ()))]:
            shown = typed(Path.cwd(), *path, "--help")
            assert shown.exit_code == 0, path
            assert "Usage: " in shown.stdout


def test_the_help_names_every_verb_with_its_own_first_line(typed: Typed) -> None:
    shown = typed(Path.cwd(), "--help").stdout
    for name, verb in VERBS.items():
        assert f"{name}  " in shown
        assert verb.help in shown


@pytest.mark.parametrize("arguments", [(), ("matrix",), ("results",), ("image",)])
def test_a_command_that_needs_another_word_shows_its_help_and_does_nothing(
    arguments: tuple[str, ...],
) -> None:
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 2
    assert shown.stderr.startswith("Usage: ")
    assert not shown.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["matrix", "list"], ["matrix", "check"], ["results", "list"]]
)
def test_what_asks_little_imports_little(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom harness.cli import main\n"
        f"sys.argv = ['harness', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'transformers', 'docker', 'scipy', 'pytest'} & sys.modules.keys()\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, cwd=Path(__file__).parent
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("rnu", "the nearest is run"),
        ("matrix lst", "No such command 'lst'"),
        ("run --modle bert", "--model"),
        ("run --model brt", "there is no model 'brt'; the nearest are bert"),
        ("run --model bert --arch visoin", "there is no architecture 'visoin'; the nearest are vision"),
        ("run --device cpuu", "there is no device 'cpuu'; the nearest is cpu"),
        ("run --check forwrd", "there is no check 'forwrd'; the nearest is forward"),
        ("run --suite speed", "'speed' is not one of 'functional', 'throughput'"),
        ("run --suite throughput --dtype int3", "cpu has no dtype 'int3'; it has float32, bfloat16"),
        ("run --suite throughput --check forward", "leave it out"),
        ("run --dtype bfloat16", "leave it out"),
        ("run --rounds 0", "--rounds 0 is too small: give 1 or more"),
        ("run --output-tokens 1 --suite throughput", "--output-tokens 1 is too small: give 2 or more"),
        ("run --batch two", "'two' is no list of numbers"),
        ("run --memory 12q", "'12q' is no size: write bytes, or a number with k, m or g"),
        ("run --memory -5g", "'-5g' is no size"),
        ("run --memory 0", "'0' is no size"),
        ("run --timeout nan", "nan is no finite number"),
        ("run --timeout -1", "--timeout -1 is too small"),
        ("run --budget inf --suite throughput", "'inf' is no time: write 90s, 20m or 1h"),
        ("run --python /nonexistent/python", "--python /nonexistent/python is no program"),
        ("run --runner docker --python python3", "leave out --runner docker"),
        ("run --resume 2026", "there is no run in"),
        ("results show", "there is no run in"),
        ("matrix show starcodr", "there is no model 'starcodr'; the nearest are starcoder2"),
        (
            "matrix show data2vec",
            "'data2vec' could be data2vec_audio, data2vec_text or data2vec_vision: name",
        ),
        ("run --model open_llama", "there is no model 'open_llama': releases after 4.57 have dropped it"),
        ("run --class BertForNothing", "there is no model class 'BertForNothing'; the nearest are BertFor"),
        ("matrix sync --python /nonexistent/python", "could not answer about transformers (No such file"),
        (
            "matrix add /nonexistent --python python3",
            "/nonexistent is no folder: name the folder of a checkpoint",
        ),
        ("matrix github --device cpuu", "there is no device 'cpuu'; the nearest is cpu"),
        ("env mps", "device 'mps' has no image yet"),
        ("env cpu --into /nonexistent/python", "--into /nonexistent/python is no program"),
    ],
)
def test_a_mistake_is_one_sentence_and_makes_nothing(
    root: Path, arguments: str, words: str, typed: Typed, sentence: Callable[[str], str]
) -> None:
    before = sorted(root.rglob("*"))
    ended = typed(root, *arguments.split())
    assert ended.exit_code == 2, ended.output
    assert words in sentence(ended.stderr)
    assert not ended.stdout
    assert sorted(root.rglob("*")) == before


def test_an_absent_device_is_one_sentence_before_anything_is_built(
    root: Path, absent: str, run: Run, sentence: Callable[[str], str], no_engine: dict[str, str]
) -> None:
    before = sorted(root.rglob("*"))
    ended = run(root, "run", "--device", absent, **no_engine)
    assert ended.returncode == 2
    assert f"`{absent}` is not on this machine" in sentence(ended.stderr)
    assert not ended.stdout
    assert sorted(root.rglob("*")) == before


def test_an_engine_that_is_down_is_one_sentence(
    root: Path, run: Run, sentence: Callable[[str], str], no_engine: dict[str, str]
) -> None:
    before = sorted(root.rglob("*"))
    for arguments in (("run", "--runner", "docker"), ("image", "build", "cpu")):
        ended = run(root, *arguments, **no_engine)
        assert ended.returncode == 2
        assert sentence(ended.stderr).startswith("error: no container engine answers at unix:///nonexistent/")
    assert sorted(root.rglob("*")) == before


def test_nothing_is_left_to_reap(root: Path, run: Run, no_engine: dict[str, str]) -> None:
    ended = run(root, "reap", **no_engine)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_folder_without_a_checkout_is_one_sentence(
    tmp_path: Path, typed: Typed, sentence: Callable[[str], str]
) -> None:
    ended = typed(tmp_path, "matrix", "list")
    assert ended.exit_code == 2
    assert f"no matrix.json in {tmp_path} or above it" in sentence(ended.stderr)
