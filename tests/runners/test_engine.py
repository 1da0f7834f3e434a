"""An engine that does not answer is one sentence that says what to do."""

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.errors import EngineError
from harness.runners import engine as engines

# docker-py leaves the socket of a connection that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


def test_where_nothing_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineError) as caught:
        engines.connect()
    sentence = str(caught.value)
    assert sentence.startswith(f"no container engine answers at unix://{tmp_path}/none.sock: ")
    assert "not running" in sentence or "none is installed" in sentence
    assert sentence.endswith("or use `--runner host`")


def test_where_what_listens_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    with pytest.raises(EngineError, match=r"not running|none is installed"):
        engines.connect()


def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://there")
    with pytest.raises(EngineError, match=r"nonsense://there.*check `DOCKER_HOST`"):
        engines.connect()


@pytest.mark.engine
def test_one_that_answers(engine: docker.DockerClient) -> None:
    client = engines.connect()
    assert client.ping()
    assert engines.version(client) == engines.version(engine)
    assert engines.version(client).startswith("docker ")
    client.close()
