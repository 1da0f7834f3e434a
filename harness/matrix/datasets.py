"""Datasets that models are asked, and what is measured in place of what the categories wish for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How an answer is given."""

    MULTIPLE_CHOICE = "multiple_choice"
    """The likeliest of the choices."""
    GENERATION = "generation"
    """A text, of which the answer is taken."""
    PROGRAM = "program"
    """A program, which is run."""
    SIMILARITY = "similarity"
    """A text, which is compared with the right one."""
    JUDGED = "judged"
    """Texts, which a judge rates: lm_eval has no task of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a dataset, over all its configurations."""

    name: str
    rows: int | None = None
    """As its makers publish it; None where that could not be looked up."""
    files: str = "{config}/{split}-*"
    """Where the files of a configuration are in the repository, as a pattern."""

    def pattern(self, config: str) -> str:
        """The pattern of a configuration's files."""
        return self.files.format(config=config, split=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The repository of a dataset on the hub, as far as its task reads it."""

    repo: str
    """owner/name."""
    asked: str
    """The split of which the questions are."""
    splits: tuple[Split, ...]
    configs: tuple[str, ...] = ("default",)
    fields: tuple[str, ...] = ()
    """What the task reads of a row."""
    revision: str = "main"
    gated: bool = False
    """The hub asks who one is."""

    @property
    def rows(self) -> int | None:
        """Questions in all; None where that could not be looked up."""
        return next(split.rows for split in self.splits if split.name == self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset by the name that categories have for it: it has a task of lm_eval, or a reason why not."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    task: str | None = None
    """lm_eval's name of the task, or of the group of tasks."""
    no_task: str | None = None
    """Why there is none."""
    kind: Kind | None = None
    score: str | None = None
    """Its primary metric: what tables and plots show."""
    images: bool = False
    """Its questions have images."""
    source: Source | None = None
    license: str | None = None
    extras: tuple[str, ...] = ()
    """Packages that its task needs and lm_eval does not."""
    unverified: tuple[str, ...] = ()
    """Of this row, what could not be looked up: rows, license, gated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A metric as a category's authors named it: what is measured for it, or why nothing is."""

    id: str
    measured: tuple[str, ...] = ()
    """Metrics of ours."""
    reason: str | None = None

    def told(self) -> str:
        """The end of a sentence about it."""
        return f"measured as {', '.join(self.measured)}" if self.measured else f"not measured: {self.reason}"


def dataset_from_json(row: Mapping[str, Any]) -> Dataset:
    """A dataset of the matrix; `row` has passed the schema."""
    kind, source = row.get("kind"), row.get("source")
    nested = {"kind": Kind(kind) if kind else None, "source": _source(source) if source else None}
    return Dataset(**_frozen(row) | nested)


def wish_from_json(row: Mapping[str, Any]) -> Wish:
    """A wish of the matrix; `row` has passed the schema."""
    return Wish(**_frozen(row))


def _source(row: Mapping[str, Any]) -> Source:
    """`splits` is rows by name; `files` is one pattern, or one by the name of a split."""
    files = row.get("files", {})
    splits = tuple(
        Split(name=name, rows=rows, **({"files": pattern} if (pattern := _pattern(files, name)) else {}))
        for name, rows in row["splits"].items()
    )
    rest = {key: value for key, value in row.items() if key not in ("splits", "files")}
    return Source(**_frozen(rest), splits=splits)


def _pattern(files: str | Mapping[str, str], split: str) -> str | None:
    return files if isinstance(files, str) else files.get(split)


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
