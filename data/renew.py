"""Write data/sample/manifest.json anew, after a file of the sample was changed: `python data/renew.py`.

A manifest names each file of a data root with its SHA-256, its rows if it has any, and what they are part of.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"


def manifest(sample: Path = SAMPLE) -> dict[str, Any]:
    """What the manifest of the folder has to say; ValueError where a dataset's file is not there."""
    files: dict[str, dict[str, Any]] = {}
    for dataset, repo, config, split, pattern in _parts():
        found = sorted((sample / repo).glob(pattern))
        if not found and (sample / repo).is_dir():
            raise ValueError(f"{sample / repo} has no file {pattern}: write its rows")
        for path in found:
            name, content = path.relative_to(sample).as_posix(), path.read_bytes()
            part = {"rows": len(content.splitlines()), "dataset": dataset, "config": config, "split": split}
            files.setdefault(name, {"sha256": hashlib.sha256(content).hexdigest(), **part})
    for path in sample.rglob("*.png"):
        name = path.relative_to(sample).as_posix()
        files[name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return {"version": 1, "name": "sample", "files": dict(sorted(files.items()))}


def _parts() -> Iterator[tuple[str, str, str, str, str]]:
    """Dataset, repository, configuration, split and file pattern of all datasets of matrix.json.

    Of two datasets that share files, the one with more configurations comes first: they are its own.
    """
    rows = [row for row in json.loads((ROOT / "matrix.json").read_text())["datasets"] if row.get("source")]
    for row in sorted(rows, key=lambda row: -len(row["source"].get("configs", ()))):
        source = row["source"]
        files = source.get("files", "{config}/{split}-*")
        for config in source.get("configs", ["default"]):
            for split in source["splits"]:
                pattern = files if isinstance(files, str) else files[split]
                yield row["id"], source["repo"], config, split, pattern.format(config=config, split=split)


if __name__ == "__main__":
    text = json.dumps(manifest(), indent=1, ensure_ascii=False) + "\n"
    (SAMPLE / "manifest.json").write_text(text, encoding="utf-8")
