"""`python -m harness.suite.library`: questions that only the installed transformers can answer.

    catalogue [TYPE …] OUT.json     its model types, or only these
    detect CONFIG.json OUT.json     what a checkpoint's config.json is, and whether it can be built
    fetch OWNER/NAME OUT.json       where its config.json lies, once it is fetched from the hub

Each answer is one JSON document in a file: libraries print what they like to standard output.
"""

import json
import sys
from pathlib import Path

import transformers

from harness.suite.library.catalogue import catalogue
from harness.suite.library.detect import detect, fetch

transformers.logging.set_verbosity_error()

match sys.argv[1:]:
    case ["catalogue", *types, out]:
        Path(out).write_text(json.dumps(catalogue(types)), "utf-8")
    case ["detect", config, out]:
        Path(out).write_text(json.dumps(detect(json.loads(Path(config).read_text("utf-8")))), "utf-8")
    case ["fetch", hub_id, out]:
        Path(out).write_text(json.dumps(fetch(hub_id)), "utf-8")
    case _:
        sys.exit(__doc__)
