"""The text of a reproduction: configuration, weights and inputs written down, and the check's own code."""

import sys
from typing import Any

import torch
import transformers

from harness.matrix.cells import Cell
from harness.suite.functional.checks import CHECKS
from harness.suite.functional.subject import CheckFailed, Finding, Subject
from harness.suite.functional.subjects import subject_of
from harness.suite.models.build import perturb
from harness.suite.repro.bundle import Bundle
from harness.suite.repro.recorded import Recorded, Recorder
from harness.suite.repro.template import HEAD, TAIL
from harness.suite.repro.values import HELPERS, written

KEPT_PINS = (
    "draws",
    "entry",
    "exempt",
    "forced",
    "frozen",
    "generate",
    "joined",
    "keeps_prompt",
    "padding_side",
    "padding_token",
    "wide",
)
"""What checks read of what sets a model's inputs apart; the rest is in the inputs that are written down."""
REPLACED = frozenset({"Unsupported", "Source", "failed", "message_of"})
"""Names of the harness that the script has its own small form of."""


def script(cell: Cell, check: str) -> str:
    """A self-contained program that runs `check` of the cell; raises what building the model raises."""
    subject = subject_of(cell)
    recorder = Recorder(subject.source)
    subject.source = recorder
    fields = _fields(subject.model.config)
    said = _run(check, subject)
    bundle = Bundle(
        REPLACED, imports={"import sys", "import traceback", "import torch", "import transformers"}
    )
    bundle.add([Subject, Finding, CheckFailed, perturb, Recorded, CHECKS[check].run])
    classes = {"config_class": type(subject.model.config), "model_class": type(subject.model)}
    bundle.imports |= {f"from {each.__module__} import {each.__name__}" for each in classes.values()}
    names = {role: each.__name__ for role, each in classes.items()}
    head = HEAD.format(
        title=f"{cell.model.id} {names['model_class']}: the check {check} on {cell.device}. {said}",
        torch=torch.__version__,
        transformers=transformers.__version__,
        needs=", ".join(needed(bundle.imports)),
        imports="\n".join(sorted(bundle.imports)),
        helpers=HELPERS,
    )
    tail = TAIL.format(
        **names,
        config=written(fields),
        pins=written(_pins(subject)),
        calls="\n".join(f"    {call!r}: {_rows(call, rows)}," for call, rows in recorder.calls.items()),
        limit=cell.tolerances[check],
        device=cell.torch_device,
        seed=cell.parameters.seed,
        check=CHECKS[check].run.__name__,
        threads=cell.parameters.threads or 1,
    )
    return head + "\n\n" + "\n\n\n".join(bundle.definitions) + "\n\n" + tail


def needed(imports: set[str]) -> list[str]:
    """The packages that the lines import, beyond Python's own."""
    packages = {line.split()[1].partition(".")[0] for line in imports}
    return sorted(packages - sys.stdlib_module_names)


def _pins(subject: Subject) -> dict[str, Any]:
    """What sets the inputs apart.

    Where a row makes what generation is given of the prompt, it is made here.
    """
    kept = {name: subject.pins[name] for name in KEPT_PINS if name in subject.pins}
    given = kept.get("generate", {})
    if any(callable(value) for value in given.values()):
        prompt = subject.prompt(batch=2)
        kept["generate"] = {n: value(prompt) if callable(value) else value for n, value in given.items()}
    return kept


def _run(check: str, subject: Subject) -> str:
    """Run the check, so that its inputs are recorded; what came of it, in a sentence."""
    try:
        finding = CHECKS[check].run(subject)
    except Exception as error:  # noqa: BLE001 — the failure that is to be reproduced
        return f"It raised {type(error).__name__}."
    return f"It measured {finding.deviation:.3g}."


def _fields(config: Any) -> dict[str, Any]:
    """What the configuration is built from again, without what only says where it came from."""
    fields: dict[str, Any] = config.to_dict()
    return {
        name: value for name, value in fields.items() if name not in ("transformers_version", "model_type")
    }


def _rows(call: tuple[int, int, int], rows: list[dict[str, Any]]) -> str:
    """One call's rows; each argument by the name, row and seed it was drawn with."""
    texts = [
        "{"
        + ", ".join(f"{name!r}: {written(value, name, index, call[2])}" for name, value in row.items())
        + "}"
        for index, row in enumerate(rows)
    ]
    return "[\n        " + ",\n        ".join(texts) + ",\n    ]"
