"""The base image, from a registry of one image that runs here, and where no registry answers."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import docker
import pytest
from docker.errors import ImageNotFound

from harness.errors import ImageError
from harness.images.base import Base, ensure_base
from harness.matrix.devices import Device

pytestmark = pytest.mark.engine

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def one_image() -> tuple[bytes, dict[str, bytes]]:
    """The manifest of an image that holds one file, and its blobs by digest."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a-file"))
    packed = gzip.compress(layer.getvalue(), mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer.getvalue())]},
        }
    ).encode()
    kinds = {"application/vnd.docker.container.image.v1+json": config}
    layers = {"application/vnd.docker.image.rootfs.diff.tar.gzip": packed}
    described = [
        {"mediaType": kind, "size": len(blob), "digest": digest(blob)}
        for kind, blob in (kinds | layers).items()
    ]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
    return json.dumps(manifest).encode(), {digest(config): config, digest(packed): packed}


@pytest.fixture
def registry() -> Iterator[tuple[str, str]]:
    """Serve `sample:1`; yields the registry's `host:port` and the manifest's digest."""
    manifest, blobs = one_image()
    answers = {f"/v2/sample/blobs/{name}": ("application/octet-stream", blob) for name, blob in blobs.items()}
    for name in ("1", digest(manifest)):
        answers[f"/v2/sample/manifests/{name}"] = (MANIFEST, manifest)
    answers["/v2/"] = ("application/json", b"{}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in answers
            kind, content = answers.get(
                self.path, ("application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
            )
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 - http.server's naming

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", digest(manifest)
        server.shutdown()


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_BASE_IMAGE", raising=False)


@pytest.fixture
def image(engine: docker.DockerClient, registry: tuple[str, str]) -> Iterator[str]:
    """The name of an image that a registry has and the engine has not."""
    host, _ = registry
    yield f"{host}/sample:1"
    for name in {
        tag for known in engine.images.list(name=f"{host}/sample") for tag in (*known.tags, known.id)
    }:
        with suppress(ImageNotFound):
            engine.images.remove(str(name))


def test_the_base_of_this_machine_is_found_again(
    cpu: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    base = ensure_base(cpu, engine, told.append)
    told.clear()
    assert ensure_base(cpu, engine, told.append) == base
    assert told == []
    assert base.id.startswith("sha256:")
    assert base.origin in {"registry", "debootstrap"}
    said = engine.containers.run(
        base.reference, ["python3", "-c", "import venv, sys; print(sys.version)"], remove=True
    )
    assert said.startswith(b"3.11.")


def test_a_pulled_base_is_known_by_its_digest(
    cpu: Device, engine: docker.DockerClient, told: list[str], image: str, registry: tuple[str, str]
) -> None:
    host, digest = registry
    base = ensure_base(replace(cpu, base=image), engine, told.append)
    assert told == [f"pulling the base image {image}"]
    assert base.digest == base.identity == f"{host}/sample@{digest}"
    assert base.origin == "registry"

    pinned = ensure_base(replace(cpu, base=base.digest), engine, told.append)
    assert (pinned.id, pinned.digest) == (base.id, base.digest)


def test_a_base_pinned_by_digest_is_pulled(
    cpu: Device, engine: docker.DockerClient, told: list[str], image: str, registry: tuple[str, str]
) -> None:
    pin = f"{image.removesuffix(':1')}@{registry[1]}"
    assert ensure_base(replace(cpu, base=pin), engine, told.append).digest == pin


def test_an_override_wins(
    cpu: Device, engine: docker.DockerClient, told: list[str], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_BASE_IMAGE", image)
    base = ensure_base(cpu, engine, told.append)
    assert (base.reference, base.origin) == (image, "override")


def test_a_base_that_a_registry_does_not_have_is_refused(
    cpu: Device, engine: docker.DockerClient, told: list[str], registry: tuple[str, str]
) -> None:
    absent = f"{registry[0]}/absent:1"
    with pytest.raises(ImageError, match=f"no registry gives out the base image {absent}"):
        ensure_base(replace(cpu, base=absent), engine, told.append)


def test_without_a_registry_only_a_base_with_a_stand_in_can_be_made(
    cpu: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    # Port 9 refuses: a registry that does not answer.
    with pytest.raises(ImageError, match=r"no registry answers \(.*refused.*\): load it with 'docker load'"):
        ensure_base(replace(cpu, base="127.0.0.1:9/absent:1"), engine, told.append)


def test_a_device_without_a_base_is_refused(
    cpu: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    with pytest.raises(ImageError, match=r"device 'cpu' has no 'base' in matrix.json"):
        ensure_base(replace(cpu, base=None), engine, told.append)


def test_identity_is_the_digest_where_there_is_one() -> None:
    base = Base(reference="a:1", digest=None, id="sha256:0", origin="debootstrap")
    assert base.identity == "a:1 sha256:0"
    assert replace(base, digest="a@sha256:1").identity == "a@sha256:1"
