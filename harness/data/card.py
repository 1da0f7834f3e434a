"""The card of a repository's folder: what tells `datasets` which file is of which configuration and split.

The hub's own card names all configurations of a repository, of which some may not be here; and that of a
branch with converted files names none.
"""

import json
from collections.abc import Mapping

from harness.data.manifest import File

README = "README.md"


def card(repo: str, files: Mapping[str, File]) -> str:
    """README.md of the repository, with what the manifest has of it in its front matter.

    https://huggingface.co/docs/hub/datasets-manual-configuration has the form; JSON is YAML.
    """
    placed: dict[str, dict[str, list[str]]] = {}
    for path, file in sorted(files.items()):
        if path.startswith(f"{repo}/") and file.config and file.split:
            splits = placed.setdefault(file.config, {})
            splits.setdefault(file.split, []).append(path.removeprefix(f"{repo}/"))
    configs = [
        {
            "config_name": name,
            "data_files": [{"split": split, "path": paths} for split, paths in splits.items()],
        }
        for name, splits in placed.items()
    ]
    lines = "\n".join(f"- {json.dumps(row)}" for row in configs)
    return (
        f"---\nconfigs:\n{lines}\n---\n\nFiles of https://huggingface.co/datasets/{repo}, fetched by "
        "`harness data fetch`. Its own card is there.\n"
    )
