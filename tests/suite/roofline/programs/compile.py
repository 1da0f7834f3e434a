"""Each kernel compiled for GPUs that are not there: target → kernel and dtype → form → its length."""

import json
import sys

from harness.suite.roofline.ahead import TARGETS, for_target

TARGETS_OF_ALL = [target for targets in TARGETS.values() for target in targets]

sys.stdout.write(json.dumps({str(target.arch): for_target(target) for target in TARGETS_OF_ALL}))
