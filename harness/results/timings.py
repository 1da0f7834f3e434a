"""Throughput results as people read them: a row a figure, and what holds for many of them."""

from collections.abc import Iterable, Iterator, Sequence

from harness.results.figures import figure, line, note, repetition, spread
from harness.results.overview import shortened
from harness.results.record import Metric, Result

ROOF = "roof"
"""The phase of what the machine itself was measured to do."""
MOST = 3
"""Cells that a sentence names, of however many it is about."""


def rows(result: Result) -> Iterator[tuple[Metric, tuple[str, ...]]]:
    """Each figure of a cell: phase, name, value, from where to where, how often, and what to know of it."""
    for metric in result.report.metrics:
        if metric.phase != ROOF:
            told = (figure(metric), spread(metric), repetition(metric), note(metric))
            yield metric, (metric.phase, metric.name, *told)


def roofs(results: Iterable[Result]) -> list[str]:
    """What the machine was measured to do, each measurement once."""
    found = (
        f"{metric.name} {figure(metric)} ({spread(metric)}), {_reached(result, metric.name)}".rstrip(", ")
        for result in results
        for metric in result.report.metrics
        if metric.phase == ROOF
    )
    return list(dict.fromkeys(found))


def _reached(result: Result, name: str) -> str:
    """The load that reached a ceiling."""
    roof = result.report.facts.get("roof")
    return str(roof.get(name, "")) if isinstance(roof, dict) else ""


def repeated(results: Sequence[Result]) -> list[str]:
    """Why each cell was measured no longer."""
    told = ((result.report.facts.get("stopped"), result.report.cell) for result in results)
    return _grouped((str(why), cell) for why, cell in told if why)


def disturbed(results: Sequence[Result]) -> list[str]:
    """What disturbed which phases, and which never settled."""
    found = []
    for result in results:
        for metric in result.report.metrics:
            words = "; ".join([*metric.disturbed, *([metric.unsettled] if metric.unsettled else [])])
            if words:
                found.append(f"{result.report.cell}, {metric.phase}: {line(words, 400)}")
    return list(dict.fromkeys(found))


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Sentence, and whom it is about; said once for all."""
    about: dict[str, list[str]] = {}
    for sentence, cell in pairs:
        about.setdefault(sentence, []).append(cell)
    return [f"{sentence}: {shortened(cells, MOST)}" for sentence, cells in about.items()]
