"""What an evaluation cell asks: of which dataset, of whom, and how much of the device that may take."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

TRANSFORMERS = "transformers"
HUB, TINY, FOLDER = "hub", "tiny", "folder"
"""Where weights come from: the hub's cache, nowhere (small random ones), a folder of somebody's.

`hub` is the name of the data root that was fetched from there as well.
"""


SAMPLE = "sample"
"""The data root of a few invented rows a dataset: no score on it is a benchmark's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The questions of one dataset for one model; times in seconds, lengths in tokens."""

    entry: str
    """Id of the model in the registry; its row of the matrix may have another."""
    dataset: str
    """Id of a dataset of the matrix."""
    task: str | None
    """lm_eval's name for it; None where it has none, and `skip` says so."""
    kind: str
    """Of the answers, as the dataset's row has it."""
    score: str
    """The metric that stands for the dataset."""
    data: str
    """Name of the data root: `hub` of what was fetched, `sample` of a few invented rows."""
    fields: tuple[str, ...] = ()
    """What the task reads of a row: each row has to have them."""
    samples: int | None
    """Most questions, over the whole dataset; None asks all."""
    engine: str = TRANSFORMERS
    """What answers: a row of `harness.matrix.presets.ENGINES`."""
    weights: str = HUB
    revision: str | None = None
    """Which weights: the hub's commit, or a digest of the folder; None of any others."""
    preset: str
    max_tokens: int
    """Most tokens of an answer."""
    sample_s: float
    """Seconds an answer may take."""
    repeats: int = 1
    """Times that each question is asked; more than one are drawn at random, and their majority is told."""
    temperature: float = 0.0
    """Of what is drawn at random; 0 takes the likeliest token."""
    chat: bool = False
    """Whether questions are put in the model's chat template."""
    options: dict[str, Any] = field(default_factory=dict)
    """What the engine's model of lm_eval is told, by the preset: batch, context, dtype."""
    server: str | None = None
    """Where an engine that is a server answers."""
    served: str | None = None
    """What the server calls the model; None takes the id on the hub."""
    judge: str | None = None
    """Where a judge answers that scores what no rule can."""
    judge_model: str | None = None
    """What the judge's server calls it."""
    categories: tuple[str, ...] = ()
    """Ids of the categories that it was asked for; empty where none was named."""
    skip: str = ""
    """Why nothing is asked; empty where something is."""

    @property
    def reached(self) -> dict[str, str]:
        """What takes the network, by its name: `server`, `judge`."""
        named = {"server": self.server, "judge": self.judge}
        return {name: url for name, url in named.items() if url}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `asdict`; `data` has passed the schema."""
        return cls(**data | {name: tuple(data.get(name, ())) for name in ("fields", "categories")})

    def to_json(self) -> dict[str, Any]:
        """As `schemas/common.schema.json` has it."""
        return asdict(self)


MARKS = {
    "engine": "{}",
    "weights": "{}",
    "data": "{}",
    "preset": "{}",
    "samples": "n{}",
    "max_tokens": "t{}",
    "repeats": "r{}",
}
"""How a field stands in a cell's id where it is not as follows."""
SILENT = {"engine": TRANSFORMERS, "weights": HUB, "data": HUB, "samples": None, "repeats": 1}


def marks(questions: Questions) -> list[str]:
    """What tells the cell from others of the same model, device and dtype."""
    found = [questions.dataset]
    for name, mark in MARKS.items():
        value = getattr(questions, name)
        if name not in SILENT or value != SILENT[name]:
            found.append(mark.format(value))
    return [*found, "chat"] if questions.chat else found
