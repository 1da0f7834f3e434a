"""What a host is configured with to get packages, made reachable for an image's build.

pip's effective configuration and the CA go into the build context as files, which only the build stage
copies; folders of packages are served over loopback. Nothing goes through build arguments, because
those stay in an image's history and an index address may hold a password.
"""

import ast
import configparser
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from harness.images.served import served

BUILD_FOLDER = "/build"
"""Where the build stage copies the files to."""
SECTIONS = ("global", "install", ":env:")
"""The parts of pip's configuration that `pip install` obeys; a later one wins."""
LOCATIONS = ("index-url", "extra-index-url", "find-links")
"""Options whose values are addresses or paths, separated by white space."""
KEPT = (*LOCATIONS, "no-index", "trusted-host", "proxy", "timeout", "retries")
ALIASES = {"default-timeout": "timeout"}
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSources:
    """What a build needs so as to get packages as the host does."""

    files: Mapping[str, bytes]
    """Name → content, for the folder `host/` of the build context."""
    network_mode: str | None
    """`host` where the build must reach this machine's loopback; None takes the engine's default."""


def pip_options(python: str = sys.executable) -> dict[str, str]:
    """Pip's effective configuration: files and `PIP_*` variables; empty where that Python has no pip."""
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    sections: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        name, separator, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if separator and section in sections:
            sections[section][ALIASES.get(key, key)] = str(ast.literal_eval(value))
    return {key: value for section in SECTIONS for key, value in sections[section].items()}


def ca_bundle(options: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file of certificates the host trusts; None where it was told of none."""
    named = [options.get("cert"), *(environment.get(variable) for variable in CA_VARIABLES)]
    return next((Path(name) for name in named if name and Path(name).is_file()), None)


def local_path(location: str) -> Path | None:
    """The path an index or find-links location names on this machine; None where it is an address."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if "://" in location else Path(location).expanduser()


@contextmanager
def reachable(options: Mapping[str, str] | None = None) -> Iterator[HostSources]:
    """Keep the host's package sources within reach of a build while the context is open."""
    options = pip_options() if options is None else options
    locations = {key: options[key].split() for key in LOCATIONS if key in options}
    folders = {
        location: _folder(key, path)
        for key, values in locations.items()
        for location in values
        if (path := local_path(location)) is not None and path.exists()
    }
    certificates = ca_bundle(options)
    with served([folder for folder, _ in folders.values()]) as addresses:
        rewritten = {
            location: f"{address}/{inside}"
            for (location, (_, inside)), address in zip(folders.items(), addresses, strict=True)
        }
        kept = {key: options[key] for key in KEPT if key in options}
        for key, values in locations.items():
            # A local path that is not there helps nobody in the build: leave it out.
            kept[key] = "\n".join(rewritten.get(value, value) for value in values if is_there(value))
        if certificates:
            kept["cert"] = f"{BUILD_FOLDER}/ca.pem"
        files = {"pip.conf": _pip_conf(kept)}
        if certificates:
            files["ca.pem"] = certificates.read_bytes()
        yield HostSources(files=files, network_mode="host" if folders else None)


def _folder(key: str, path: Path) -> tuple[Path, str]:
    """The folder to serve for a local location, and the location's place in it."""
    if key == "find-links" and path.is_dir():
        return path, ""
    # The pages of an index link to files beside it (`../../files/…`), as those of a mirror do.
    return path.parent, path.name + ("/" if path.is_dir() else "")


def is_there(location: str) -> bool:
    """Whether a source of pip's can be asked: a remote one always, a folder only if it exists."""
    path = local_path(location)
    return path is None or path.exists()


def _pip_conf(options: Mapping[str, str]) -> bytes:
    parser = configparser.RawConfigParser()
    parser["global"] = {key: value for key, value in options.items() if value}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue().encode()
