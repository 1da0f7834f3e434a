"""`python -m harness.suite.hub`: what only the hub's own library does; transformers is not imported.

    access OWNER/NAME … OUT.json     whether the hub gives them to whoever asks from here
    holds REQUEST.json OUT.json      the same of repositories, and which files they hold
    download REQUEST.json OUT.json   fetch files, going on where an earlier fetch stopped, and check them

Each answer is one JSON document in a file. The token is read by the library here, and is in no answer.
"""

import json
import sys
from pathlib import Path

from harness.suite.hub.access import access
from harness.suite.hub.download import download
from harness.suite.hub.holds import holds

INTERRUPTED = 130

answer: object
try:
    match sys.argv[1:]:
        case ["access", *hub_ids, out]:
            answer = access(hub_ids)
        case ["holds", request, out]:
            answer = holds(json.loads(Path(request).read_text("utf-8")))
        case ["download", request, out]:
            answer = download(json.loads(Path(request).read_text("utf-8")))
        case _:
            sys.exit(__doc__)
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)
Path(out).write_text(json.dumps(answer), "utf-8")
