"""Which files repositories of the hub hold, and whether they are given to whoever asks from here."""

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.errors import RevisionNotFoundError

from harness.suite.hub.access import OFFLINE, PATIENCE_S, asked_of_each, status_of


def holds(wanted: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The status of each repository (`id`, `type`, `revision`), its commit and its files with their sizes.

    A file has the SHA-256 of its content where the hub stores it apart, and its id in git otherwise.
    """
    api = HfApi()
    found = asked_of_each(wanted, lambda row: _held(api, row), lambda row: row["status"] != OFFLINE)
    return [row or {"status": OFFLINE} for row in found]


def _held(api: HfApi, row: Mapping[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {}

    def gated() -> object:
        info = api.repo_info(
            row["id"],
            repo_type=row["type"],
            revision=row["revision"],
            files_metadata=True,
            timeout=PATIENCE_S,
        )
        if info.gated:
            api.auth_check(row["id"], repo_type=row["type"])
        answer["commit"] = info.sha
        answer["files"] = [
            {
                "path": file.rfilename,
                "size": file.size or 0,
                "sha256": file.lfs.sha256 if file.lfs else None,
                "git": file.blob_id,
            }
            for file in info.siblings or ()
        ]
        return info.gated

    try:
        status = status_of(gated)
    except RevisionNotFoundError:
        status = "missing"
    return {"status": status} | (answer if status in ("open", "gated_granted") else {})
