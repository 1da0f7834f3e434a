"""Reaching the container engine, or saying in one sentence why not."""

import os
import shutil

import docker
from docker.errors import DockerException

from harness.errors import EngineError
from harness.machine.detect import engine_of
from harness.machine.records import Engine

ANSWER_S = 5
"""An engine that takes longer than this to tell its version is down."""
REQUEST_S = 60


def connect() -> docker.DockerClient:
    """A client of the engine at `DOCKER_HOST` or the usual socket; EngineError where none answers."""
    try:
        client = docker.from_env(timeout=ANSWER_S)
        client.ping()
    except (DockerException, OSError) as problem:  # requests' own errors are OSErrors
        raise EngineError(_sentence(problem)) from problem
    client.api.timeout = REQUEST_S
    return client


def if_up() -> docker.DockerClient | None:
    """A client where an engine answers, else None."""
    try:
        return connect()
    except EngineError:
        return None


def describe(client: docker.DockerClient, patience_s: int = REQUEST_S) -> Engine:
    """What the engine says of itself; EngineError where it does not, as while it builds on a slow disk."""
    usual, client.api.timeout = client.api.timeout, patience_s
    try:
        return engine_of(client.info())
    except (DockerException, OSError) as problem:
        raise EngineError(
            f"the container engine does not describe itself ({_chain(problem)[-1]}): wait until it has "
            "done what it is at, or start it again"
        ) from problem
    finally:
        client.api.timeout = usual


def version(client: docker.DockerClient) -> str:
    """The engine's name and version, as a result's provenance has it."""
    about = client.version()
    return f"docker {about['Version']} (API {about['ApiVersion']})"


def _sentence(problem: BaseException) -> str:
    where = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    return f"no container engine answers at {where}: {_reason(problem)}, or use `--runner host`"


def _reason(problem: BaseException) -> str:
    """What is wrong and what to do, from the operating system's error at the bottom of the chain."""
    chain = _chain(problem)
    if any(isinstance(cause, PermissionError) for cause in chain):
        return "permission denied: run as root, or as a member of the group `docker`"
    unheard = any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in chain)
    if unheard and shutil.which("dockerd") is None and shutil.which("docker") is None:
        return "none is installed: install Docker Engine"
    if unheard:
        return "it is not running: start it with `systemctl start docker`, or `dockerd` as root"
    return f"{str(chain[-1]).rstrip('.')}: check `DOCKER_HOST`, or start the engine"


def _chain(problem: BaseException) -> list[BaseException]:
    chain = [problem]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    return chain
