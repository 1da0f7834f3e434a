"""Models × datasets → evaluation cells: who is asked what, how much of it, and why some are asked nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from harness.errors import SelectionError
from harness.matrix.asked import Asked, datasets, entries, require_typed
from harness.matrix.cells import Cell, Parameters
from harness.matrix.datasets import Dataset, Kind
from harness.matrix.devices import Device
from harness.matrix.fitting import fitting
from harness.matrix.names import resolve
from harness.matrix.parameters import read_by, require_sane
from harness.matrix.presets import ENGINES, MADE_UP, Engine, options, settings
from harness.matrix.questions import HUB, Questions, marks
from harness.matrix.records import Matrix, Model, Suite
from harness.matrix.registry import Category, Entry, Preset

PRESET = "balanced"
"""Of a model whose entry names none."""
LOAD_S = 1800.0
"""Seconds that a cell may take besides its answers: reading the weights, scoring."""
DRAWN = 1.0
"""Temperature of answers that are drawn, where none is typed."""
NONE = "none"
"""Kind and score of a dataset that has no task."""
MANY = 10_000
"""Questions of a dataset that nobody has counted, for the time that it may take."""
ANSWERING = frozenset({"decoder-only", "encoder-decoder"})
"""Architectures that lm_eval's classes can put a question in words to."""
UNLIMITED = Category(
    id="", what="", models=(), primary=(), metrics=(), samples=0, timeout_s=120.0, max_tokens=1024
)
"""Stands for the category of what is in none: every question, and time enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What is on this machine to ask, and to be asked."""

    data: str
    """Name of the data root."""
    rows: Mapping[str, int | None]
    """Dataset → its questions there; None where they were not counted."""
    batches: Mapping[str, int] = field(default_factory=dict)
    """What is alike of cells → the batch that fitted them."""
    revision: Callable[[Entry], str | None] = field(default=lambda _: None)
    """Which weights of a model they are."""
    missing: Callable[[Entry], str] = field(default=lambda _: "")
    """Why a model's weights cannot be read, as a sentence; empty where they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation comes to."""

    cells: tuple[Cell, ...]
    left_out: Mapping[str, str]
    """Entry → why it has no cells at all."""


def evaluation(
    matrix: Matrix, device: Device, asked: Asked, sweep: Sequence[Parameters], here: Here
) -> Evaluation:
    """A cell a model, combination of the sweep and dataset, in that order; each dataset once a model.

    What cannot be asked is a cell too, with the reason: it is skipped, and told. SelectionError for a name or
    number that does not fit.
    """
    require_typed(asked)
    for parameters in sweep:
        require_sane(parameters, device, Suite.EVALUATION, None)
    rows = {row.id: row for row in matrix.models}
    cells: dict[str, Cell] = {}
    left_out: dict[str, str] = {}
    for entry in entries(matrix, asked):
        if entry.unsupported:
            left_out[entry.id] = entry.unsupported
            continue
        own = datasets(matrix, asked, entry)
        if not own:
            left_out[entry.id] = "it is in no category: name a --dataset, or a --category"
        preset = _preset(matrix, entry, asked)
        for typed, (dataset, categories) in product(sweep, own.items()):  # so that each is loaded once
            case = _Case(
                entry=entry,
                model=rows[entry.row],
                dataset=dataset,
                categories=categories,
                preset=preset,
                asked=asked,
                here=here,
            )
            cell = fitting(_cell(case, device, _shared(typed, device, case)), asked, here.batches)
            cells[cell.id] = cell
    return Evaluation(cells=tuple(cells.values()), left_out=left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A model and a dataset, and what decides how the one is asked the other."""

    entry: Entry
    model: Model
    dataset: Dataset
    categories: tuple[Category, ...]
    preset: Preset
    asked: Asked
    here: Here

    @property
    def limits(self) -> Category:
        """The category that says how much is asked, and how long an answer may take."""
        return self.categories[0] if self.categories else UNLIMITED

    @property
    def rows(self) -> int:
        """Questions that there are, or are taken to be."""
        published = self.dataset.source.rows if self.dataset.source else None
        return self.here.rows.get(self.dataset.id) or published or MANY


def _shared(typed: Parameters, device: Device, case: _Case) -> Parameters:
    """By as many devices as were typed, or as the model's entry has them; on a CPU by one process."""
    reads = ENGINES[case.asked.engine].reads_weights
    own = case.asked.parallel is None and device.torch_device != "cpu" and reads
    return replace(typed, tensor_parallel=case.entry.tensor_parallel) if own else typed


def _cell(case: _Case, device: Device, varied: Parameters) -> Cell:
    questions = _questions(case, varied)
    parameters = read_by(Suite.EVALUATION, (), varied)
    parts = [case.entry.id, device.id, Suite.EVALUATION.value, parameters.dtype, *marks(questions)]
    parts += [f"tp{varied.tensor_parallel}"] if varied.tensor_parallel > 1 else []
    parts += [f"s{varied.seed}"] if varied.seed else []
    parts += [f"threads{varied.threads}"] if varied.threads else []
    return Cell(
        id="-".join(parts),
        model=replace(case.model, classes=case.model.classes[:1]),
        suite=Suite.EVALUATION,
        device=device.id,
        torch_device=device.torch_device,
        parameters=parameters,
        checks=(),
        phases=(),
        tolerances={},
        known_failures={},
        timeout_s=LOAD_S + (questions.samples or case.rows) * _answers(questions) * questions.sample_s,
        questions=questions,
    )


def _answers(questions: Questions) -> int:
    """How many a question takes: a conversation two, and two ratings."""
    return 4 if questions.judge else questions.repeats


def _questions(case: _Case, varied: Parameters) -> Questions:
    asked, dataset, engine = case.asked, case.dataset, ENGINES[case.asked.engine]
    skip = next(filter(None, _reasons(case)), "")
    judged = dataset.kind is Kind.JUDGED
    repeats = 1 if dataset.kind in {Kind.JUDGED, Kind.MULTIPLE_CHOICE} else asked.repeats
    return Questions(
        entry=case.entry.id,
        dataset=dataset.id,
        task=dataset.task,
        kind=dataset.kind or NONE,
        score=dataset.score or NONE,
        data=case.here.data,
        fields=dataset.source.fields if dataset.source else (),
        samples=_samples(case),
        engine=asked.engine,
        weights=asked.weights,
        revision=case.here.revision(case.entry) if engine.reads_weights and not skip else None,
        preset=case.preset.id,
        max_tokens=asked.max_tokens or case.limits.max_tokens,
        sample_s=asked.sample_s or case.limits.timeout_s,
        repeats=repeats,
        temperature=asked.temperature or (DRAWN if repeats > 1 else 0.0),
        chat=asked.chat or judged,
        options=_options(case, varied),
        server=asked.server,
        served=_served(case),
        judge=asked.judge if judged else None,
        judge_model=asked.judge_model if judged else None,
        categories=tuple(row.id for row in case.categories),
        skip=skip,
    )


def _preset(matrix: Matrix, entry: Entry, asked: Asked) -> Preset:
    presets = {row.id: row for row in matrix.registry.presets}
    return resolve("preset", asked.preset or entry.preset or PRESET, presets)


def _options(case: _Case, varied: Parameters) -> dict[str, Any]:
    """What the engine is told. Weights that are not the registry's own have a context of their own."""
    chosen = settings(case.entry, case.preset)
    chosen = replace(
        chosen,
        dtype=varied.dtype,
        tensor_parallel=varied.tensor_parallel,
        batch=case.asked.batch or chosen.batch,
        context=chosen.context if case.asked.weights == HUB else None,
    )
    return options(ENGINES[case.asked.engine], chosen)


def _served(case: _Case) -> str | None:
    """What a server calls the model: its id on the hub, unless it was typed."""
    checkpoint = case.model.checkpoint
    own = checkpoint.hub_id if checkpoint and ENGINES[case.asked.engine].networked else None
    return case.asked.served or own


def _samples(case: _Case) -> int | None:
    """Most questions; SelectionError where more are asked for than there are."""
    wanted, there = case.asked.samples, case.here.rows.get(case.dataset.id)
    if wanted is not None and there is not None and wanted > there:
        raise SelectionError(
            f"--samples {wanted} is more than the {there} questions of {case.dataset.id} in the data root "
            f"{case.here.data}: give {there} or fewer"
        )
    wanted = wanted or case.limits.samples or None
    return wanted if wanted is None or there is None else min(wanted, there)


def _reasons(case: _Case) -> Iterator[str]:
    """Why this model is not asked this: the first that is not empty."""
    engine = ENGINES[case.asked.engine]
    if case.dataset.kind is Kind.JUDGED:
        yield from _judgeless(case, engine)
    elif case.dataset.task is None:
        yield case.dataset.no_task or "lm_eval has no task for it"
    if case.dataset.images:
        yield "its questions have images, and lm_eval's text models are shown none"
    if engine.networked:
        yield from _unserved(case)
    if engine.reads_weights:
        yield from _unweighted(case)
    if case.dataset.id not in case.here.rows:
        yield f"it is not in the data root {case.here.data}: `harness data fetch {case.dataset.id}`"


def _judgeless(case: _Case, engine: Engine) -> Iterator[str]:
    """Why nobody judges the answers."""
    if case.asked.judge is None:
        yield "its answers need a judge: name one with --judge and --judge-model"
    if engine.id in MADE_UP:
        yield "no answer to it is right or wrong: ask an engine that has a model"


def _unserved(case: _Case) -> Iterator[str]:
    """Why a server is not asked this."""
    if _served(case) is None:
        yield "it has no id on the hub: say with --served what the server calls it"
    if case.asked.chat and case.dataset.kind is Kind.MULTIPLE_CHOICE:
        yield "a server's chat tells no likelihood of a choice: ask it without --chat"


def _unweighted(case: _Case) -> Iterator[str]:
    """Why the model's weights cannot answer."""
    if case.model.architecture not in ANSWERING:
        yield f"{case.model.architecture}: a model of that kind is put no questions in words"
    if case.entry.stand_in and case.asked.weights == HUB:
        yield "its checkpoint brings code of its own, which is not run here"
    yield case.here.missing(case.entry)


def require_any(cells: Sequence[Cell], left_out: Mapping[str, str]) -> None:
    """SelectionError where nothing at all can be asked: the commonest reason, one to be mended if any."""
    asked = [cell.questions for cell in cells if cell.questions]
    if any(not questions.skip for questions in asked) or not (asked or left_out):
        return
    mendable = [questions.skip for questions in asked if questions.task is not None]
    reasons = mendable or [questions.skip for questions in asked] + list(left_out.values())
    first = max(dict.fromkeys(reasons), key=reasons.count)
    raise SelectionError(
        f"nothing of this can be asked; for {reasons.count(first)} of {len(reasons)} since {first}"
    )
