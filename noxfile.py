"""The sessions people type. Each calls one `harness` command; `nox -l` lists them."""

import json
import subprocess
import sys
from pathlib import Path

import nox

MISTAKE, INTERRUPTED = 2, 130
PIPELINES = {"gitlab-ci": ".gitlab-ci.yml", "buildkite": ".buildkite/pipeline.yml"}
"""Schema that its platform publishes, of those check-jsonschema brings → file."""

try:
    DEVICES = json.loads((Path(__file__).parent / "matrix.json").read_text())["devices"]
except (OSError, ValueError, KeyError) as error:
    sys.stderr.write(f"error: matrix.json has no devices that can be read: {error!r}; mend it\n")
    sys.exit(MISTAKE)

nox.needs_version = ">=2026.10.20"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True


def harness(session: nox.Session, *arguments: str) -> None:
    """Run `harness` and keep its exit code where nox would turn it into 1: mistakes are 2, Ctrl-C is 130."""
    session.install("-e", ".", silent=True)
    with subprocess.Popen([f"{session.bin}/harness", *arguments]) as process:
        code = _wait(process)
    if code in (MISTAKE, INTERRUPTED):
        sys.exit(code)
    if code:
        session.error("not everything is as expected")


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Its exit code; after Ctrl-C, which reaches it as well, it is given the time to put things in order."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


@nox.session
def tests(session: nox.Session) -> None:
    """The project's own tests; torch, transformers and lm_eval come from the cpu lock that has all three."""
    session.install("-e", ".[tests]", silent=True)
    session.run("harness", "env", "cpu", "--variant", "eval", "--into", f"{session.bin}/python", silent=True)
    # As collected: the files of the command line, whose tests are few and slow, come first and not last.
    side_by_side = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")
    session.run("pytest", *side_by_side, "--benchmark-quiet", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, walls and CI's own files."""
    session.install("-e", ".[lint]", silent=True)
    session.run("actionlint", *map(str, sorted(Path(".github/workflows").glob("*.yml"))))
    for schema, path in PIPELINES.items():
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", path)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("harness", "matrix", "check")


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the images' requirements and the releases anew: `nox -s lock`, or `nox -s lock -- cpu`."""
    session.install("-e", ".[lock]", silent=True)
    session.run("harness", "image", "lock", *session.posargs)
    if not session.posargs:
        session.run("harness", "image", "releases")


@nox.session
def doctor(session: nox.Session) -> None:
    """What this machine has, and what is missing: `nox -s doctor -- --device cuda`."""
    harness(session, "doctor", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time models: `nox -s bench -- --model starcoder2_15b --dtype bfloat16`."""
    harness(session, "run", "--suite", "throughput", *session.posargs)


@nox.session
def eval(session: nox.Session) -> None:  # noqa: A001 — what people type
    """How good models are: `nox -s eval -- --category mixture_of_experts --dry-run`."""
    harness(session, "eval", *session.posargs)


@nox.session
def fit(session: nox.Session) -> None:
    """What models need and where they fit: `nox -s fit -- starcoder2_15b --accelerator H100`."""
    harness(session, "fit", *session.posargs)


@nox.session
def compat(session: nox.Session) -> None:
    """Releases compared: `nox -s compat -- --model bert --transformers 4.57.6,5.9.0,5.23.0`."""
    session.install("-e", ".[lock]", silent=True)
    harness(session, "compat", *session.posargs)


@nox.session
def roofline(session: nox.Session) -> None:
    """What this machine can do at most: `nox -s roofline -- --threads 1,2`."""
    harness(session, "roofline", *session.posargs)


def image_session(device: dict[str, str]) -> None:
    """`image-<device>`: build its image, unless an unchanged one is there."""

    def build(session: nox.Session) -> None:
        harness(session, "image", "build", device["id"], *session.posargs)

    build.__doc__ = f"The image for {device['title']}: built, unless an unchanged one is there."
    nox.session(name=f"image-{device['id']}")(build)


def test_session(device: dict[str, str]) -> None:
    """`test-<device>`: the functional suite on it."""

    def test(session: nox.Session) -> None:
        harness(session, "run", "--suite", "functional", "--device", device["id"], *session.posargs)

    test.__doc__ = f"Functional checks on {device['title']}: `-- --model bert,t5 --arch vision`."
    nox.session(name=f"test-{device['id']}")(test)


for row in DEVICES:
    test_session(row)
    if "docker" in row["runners"]:
        image_session(row)
