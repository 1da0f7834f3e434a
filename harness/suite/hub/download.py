"""Files of the hub, one after the other: each goes on where it stopped, and is checked before it counts.

The hub's library (2.4) keeps nothing of a download that was interrupted: it writes into files of a name that
it never uses again. So its `http_get`, which can begin anywhere, writes into files that stay.
"""

import errno
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_url, snapshot_download
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from harness.suite.hub.access import FAILED, OFFLINE

PARQUET = ".parquet"


def download(request: Mapping[str, Any]) -> dict[str, Any]:
    """Fetch each of the request's `files`, then have the library link those of its `snapshots`.

    Ends with the first file that cannot be had: the answer has its `path`, a `status` and what was `said`. A
    file is at `to` once it is whole; until then, its beginning is at `part`. `rows` are those of Parquet
    files, null where there is no pyarrow to count them.
    """
    files, rows = request["files"], {}
    for number, row in enumerate(files, 1):
        to = Path(row["to"])
        try:
            if not (to.exists() and _digest(to, row) == _expected(row)):
                _fetch(row, to, Path(row["part"]))
                sys.stderr.write(f"{number} of {len(files)}: {row['repo']} {row['path']}\n")
        except _Corrupt as error:
            return {"path": row["path"], "repo": row["repo"], "status": "corrupt", "said": str(error)}
        except (FAILED, OSError) as error:
            said = " ".join(str(error).split())[:300]
            return {"path": row["path"], "repo": row["repo"], "status": _status(error), "said": said}
        rows[row["to"]] = _rows(to)
    for row in request.get("snapshots", ()):
        snapshot_download(row["id"], revision=row["revision"], allow_patterns=row["paths"])
    return {"status": "fetched", "rows": rows}


class _Corrupt(Exception):
    """What came is not what the hub says the file is."""


def _fetch(row: Mapping[str, Any], to: Path, part: Path) -> None:
    for folder in (to.parent, part.parent):
        folder.mkdir(parents=True, exist_ok=True)
    here = part.stat().st_size if part.exists() else 0
    if here > row["size"]:
        part.unlink()
        here = 0
    with part.open("ab") as file:
        http_get(
            hf_hub_url(row["repo"], row["path"], repo_type=row["type"], revision=row["commit"]),
            file,
            resume_size=here,
            headers=build_hf_headers(),
            expected_size=row["size"],
            displayed_filename=row["path"],
        )
    found, expected = _digest(part, row), _expected(row)
    if found != expected:
        part.unlink()
        raise _Corrupt(f"its checksum is {found[:12]}… where the hub says {expected[:12]}…")
    part.replace(to)


def _expected(row: Mapping[str, Any]) -> str:
    """What the hub says of a file's content."""
    return str(row["sha256"] or row["git"])


def _digest(path: Path, row: Mapping[str, Any]) -> str:
    """SHA-256 of the content, or the id that git gives it: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects."""
    found = hashlib.sha256() if row["sha256"] else hashlib.sha1(b"blob %d\0" % path.stat().st_size)  # noqa: S324
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def _status(error: Exception) -> str:
    """Whether it is the disk, the licence, the name or the way to the hub."""
    if isinstance(error, GatedRepoError):
        return "gated_denied"
    if isinstance(error, RepositoryNotFoundError):
        return "missing"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no_space"
    return "unwritable" if isinstance(error, PermissionError) else OFFLINE


def _rows(path: Path) -> int | None:
    """Rows of a Parquet file; None of another, of one that is none, and where there is no pyarrow."""
    if path.suffix != PARQUET:
        return None
    try:
        from pyarrow.parquet import read_metadata  # noqa: PLC0415 — only an environment for evaluations has it

        return int(read_metadata(path).num_rows)
    except (ImportError, ValueError, OSError):
        return None
