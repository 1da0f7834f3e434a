"""The documentation says what is so: its commands parse, its rows load, its links lead somewhere."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

from harness import errors
from harness.cli import main
from harness.matrix.load import load
from harness.matrix.records import Matrix
from harness.results.record import Outcome

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {part for part in path.relative_to(ROOT).parts if part.startswith(".") or part == "results"}
)
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")

SESSIONS = {
    "bench": ("run", "--suite", "throughput"),
    "eval": ("eval",),
    "lock": ("image", "lock"),
    "image": ("image", "build"),
    "test": ("run", "--suite", "functional", "--device"),
}
"""nox session, or what stands before the device in its name → the `harness` command it is."""
READING = (
    ("models", "list"),
    ("models", "show"),
    ("categories",),
    ("data", "list"),
    ("data", "check", "--data", "sample"),
    ("matrix", "list"),
    ("matrix", "check"),
    ("matrix", "show"),
    ("matrix", "github"),
    ("matrix", "gitlab"),
    ("matrix", "buildkite"),
    ("results", "list"),
    ("--help",),
    ("-h",),
)
"""Commands that may be run for real, by how they begin."""


class Block(NamedTuple):
    """A fenced block."""

    page: str
    kind: str
    text: str


def blocks(pages: list[Path], kind: str) -> Iterator[Block]:
    """The fenced blocks whose first word is `kind`."""
    for page in pages:
        for found in FENCE.finditer(page.read_text()):
            if found["kind"].split()[:1] == [kind]:
                yield Block(page.name, found["kind"], found["text"])


def commands() -> list[tuple[str, str]]:
    """Page and command, for each line after a prompt; continued lines are joined."""
    found = []
    for block in blocks(PAGES, "console"):
        lines = block.text.replace("\\\n", " ").splitlines()
        found += [(block.page, line.strip()[2:]) for line in lines if line.strip().startswith("$ ")]
    return found


def without_comment(command: str) -> list[str]:
    return shlex.split(command, comments=True)


COMMANDS = commands()
HARNESS = [(page, command) for page, command in COMMANDS if command.startswith("harness ")]
NOX = [(page, command) for page, command in COMMANDS if command.startswith("nox -s ")]


def parse(arguments: list[str]) -> None:
    """Have click read the arguments as it would, and stop before anything is done."""
    command: click.Command = main
    context = click.Context(main, info_name="harness")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found = command.get_command(context, arguments[0])
        assert found is not None, f"there is no command {arguments[0]}"
        context = click.Context(found, info_name=arguments[0], parent=context)
        command, arguments = found, arguments[1:]
    try:
        command.make_context(command.name, arguments, parent=context.parent)
    except click.exceptions.Exit:  # --help has said all
        return


def test_there_are_guides_with_commands() -> None:
    assert len(GUIDES) >= 7
    assert len(HARNESS) >= 10
    assert len(NOX) >= 8


@pytest.mark.parametrize(("page", "command"), HARNESS)
def test_a_harness_command_exists_with_its_options(page: str, command: str) -> None:
    arguments = without_comment(command)[1:]
    parse(arguments)
    if any(tuple(arguments[: len(start)]) == start for start in READING):
        ended = CliRunner().invoke(main, ["--root", str(ROOT), *arguments])
        assert ended.exit_code == 0, f"{page}: {ended.output}"


@pytest.fixture(scope="module")
def sessions(matrix: Matrix) -> set[str]:
    """The sessions as the noxfile declares them: nox itself need not be installed beside the tests."""
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    plain = {node.name for node in functions if "nox.session" in map(ast.unparse, node.decorator_list)}
    images = {f"image-{row.id}" for row in matrix.devices if "docker" in row.runners}
    return plain | images | {f"test-{row.id}" for row in matrix.devices}


@pytest.mark.parametrize(("page", "command"), NOX)
def test_a_nox_session_exists_and_takes_what_follows(page: str, command: str, sessions: set[str]) -> None:
    name, *rest = without_comment(command)[2:]
    assert name in sessions, page
    kind, _, device = name.partition("-")
    if kind in SESSIONS:
        assert rest[:1] in ([], ["--"]), f"{page}: nox itself would take {rest}"
        parse([*SESSIONS[kind], *([device] if device else []), *rest[1:]])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text())
    for link in LINK.finditer(text):
        target = (page.parent / link["path"]).resolve() if link["path"] else page
        assert target.exists(), f"{page.name}: {link[0]}"
        if link["anchor"] and target.suffix == ".md":
            assert link["anchor"] in _anchors(target), f"{page.name}: {link[0]}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


ROWS = [block for block in blocks(GUIDES, "json") if len(block.kind.split()) == 2]


@pytest.mark.parametrize("block", ROWS, ids=lambda block: f"{block.page} {block.kind}")
def test_a_row_that_a_guide_shows_may_stand_in_the_matrix(
    block: Block, copy_checkout: Callable[[], Path]
) -> None:
    root = copy_checkout()
    data: dict[str, Any] = json.loads((root / "matrix.json").read_text())
    data[block.kind.split()[1]].append(json.loads(block.text))
    (root / "matrix.json").write_text(json.dumps(data))
    load(root)


def test_names_are_as_loose_as_the_guide_says(copy_checkout: Callable[[], Path]) -> None:
    root = copy_checkout()
    data = json.loads((root / "matrix.json").read_text())
    data["models"] += [json.loads(block.text) for block in ROWS if block.kind == "json models"]
    (root / "matrix.json").write_text(json.dumps(data))
    for name in ("smollm2_135m", "SmolLM2-135M", "smollm2.135m", "HuggingFaceTB/SmolLM2-135M"):
        shown = CliRunner().invoke(main, ["--root", str(root), "matrix", "show", name])
        assert json.loads(shown.stdout)["id"] == "smollm2_135m"


def test_the_door_opens_by_hand_as_the_guide_says(copy_checkout: Callable[[], Path]) -> None:
    root = copy_checkout()
    (program,) = blocks([ROOT / "docs" / "containers.md"], "python")
    subprocess.run([sys.executable, "-c", program.text], cwd=root, check=True)
    (root / "out").mkdir()
    subprocess.run(
        [sys.executable, "-m", "harness.suite", "cells.json", "out"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (line,) = (root / "out" / "results.jsonl").read_text().splitlines()
    assert json.loads(line)["outcome"] == "passed"


def test_every_check_is_described(matrix: Matrix) -> None:
    text = (ROOT / "docs" / "checks.md").read_text()
    for check in {check for row in matrix.architectures for check in row.checks}:
        assert f"\n### {check}\n" in text
    for row in matrix.tolerances:
        if not (row.model or row.architecture or row.device):
            (line,) = re.findall(rf"^\| `{row.check}` \|.*$", text, re.MULTILINE)
            assert float(line.strip("| ").split("|")[-1]) == row.limit, row.check


def test_every_metric_is_described() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    named = set()
    for path in (ROOT / "harness" / "suite" / "throughput").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Derived", "Figure", "Metric.of"}:
                fixed = [str(part.value) for part in node.args[:2] if isinstance(part, ast.Constant)]
                named |= {(fixed[0], fixed[1])} if len(fixed) == 2 else set()
    assert ("ttft", "s") in named
    assert ("peak_memory", "B") in named
    for metric, unit in named:
        assert re.search(rf"^\| `{metric}` \| [^|]+ \| {unit} \|", text, re.MULTILINE), metric


def test_every_dataset_is_listed(matrix: Matrix) -> None:
    text = (ROOT / "docs" / "datasets.md").read_text()
    for row in matrix.registry.datasets:
        if row.source is None:
            assert f"`{row.id}`" in text
            continue
        cells = next(line for line in text.splitlines() if line.startswith(f"| {row.id} |")).split(" | ")
        rows = "?" if row.source.rows is None else f"{row.source.rows:,}"
        assert cells[1] == (", ".join(row.aliases) or "-")
        assert (cells[2], cells[4], cells[5]) == (row.task or "-", row.score, rows)
        assert row.source.repo in cells[7]


def test_every_outcome_is_described() -> None:
    text = (ROOT / "docs" / "read-a-verdict.md").read_text()
    for outcome in Outcome:
        assert re.search(rf"^\| `{outcome}` \|", text, re.MULTILINE), outcome


def test_every_error_sentence_is_described() -> None:
    text = _plain((ROOT / "docs" / "troubleshooting.md").read_text())
    missing = [
        f"{path.name}:{line} {fragment}"
        for path in sorted((ROOT / "harness").rglob("*.py"))
        for line, fragment in _sentences(path)
        if fragment not in text
    ]
    assert not missing


def _sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Where the module raises an error of the user's, and how its sentence's longest fixed part begins."""
    for node in ast.walk(ast.parse(path.read_text())):
        told = _told(node)
        texts = [part.value for part in ast.walk(told) if isinstance(part, ast.Constant)] if told else []
        fixed = [_plain(text).strip() for text in texts if isinstance(text, str)]
        longest = max(fixed, key=len, default="")
        if told is not None and len(longest) >= 9:
            yield told.lineno, longest[:30].strip()


def _told(node: ast.AST) -> ast.expr | None:
    """What makes a sentence that people read: an error that is raised, or what the doctor finds."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return node.exc if ast.unparse(node.exc.func) in kinds else None
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem":
        return next(word.value for word in node.keywords if word.arg == "what")
    return None


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def test_no_page_names_a_machine_or_a_registry() -> None:
    for page in PAGES:
        text = page.read_text()
        assert f"{ROOT}/" not in text, page.name
        assert not re.findall(r"https?://\S+/(?:simple|debian)\b", text), page.name
