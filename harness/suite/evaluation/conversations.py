"""MT-Bench: conversations of two turns, each answer rated by a judge. lm_eval has no task of it.

The second question is put once the first is answered, in the model's own chat template; the judge is asked of
each answer. Answers and ratings are kept as they come.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from lm_eval.api.instance import Instance

from harness.matrix.cells import Cell
from harness.matrix.questions import Questions
from harness.results.ratings import rating_metrics
from harness.results.scored import Scored, score_facts, score_metrics
from harness.suite.evaluation.asking import Asking
from harness.suite.evaluation.engines.engine import Engine
from harness.suite.evaluation.engines.openai import Served
from harness.suite.evaluation.engines.wire import Endpoint, endpoint
from harness.suite.evaluation.found import Found, Progress
from harness.suite.evaluation.kept import Answers
from harness.suite.evaluation.mt_bench import REPO, TURNS, Question, picked, questions_of
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.rating import Prompt, prompts, rating
from harness.suite.outcomes import Unsupported

JUDGED_AT_ONCE = 4
JUDGEMENT = {"until": [], "max_gen_toks": 2048, "do_sample": False, "temperature": 0.0}
"""As FastChat asks its judge."""
KIND = "generate_until"
Messages = list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, and what it answers."""

    request: tuple[str, Mapping[str, Any]]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An answer, and what the judge says of it."""

    said: Said
    judgement: str
    rating: float | None


def converse(cell: Cell, engine: Engine, place: Place, progress: Progress) -> Found:
    """Put what is not answered yet, have it rated, and tell the ratings; whatever ends it, answers are kept.

    DataProblem where the data are not whole, `Unsupported` where the model holds no conversations.
    """
    asked = cell.questions
    assert asked is not None
    answers = place.answers(cell)
    root = place.data or place.out
    questions = picked(questions_of(root), asked.samples, cell.parameters.seed)
    judge, (texts, which) = Judge.of(asked, place), prompts(root / REPO)
    with engine.watched() as watched:
        asking = Asking(engine.model({}, asked.sample_s), answers, 0, progress)
        told = _answered(asking, questions, _settings(asked, engine))
    costs = engine.costs()
    asking = Asking(judge.model, answers, 0, progress)
    turns = judge.rated(questions, told, texts, asking)
    place.write_samples(cell, _lines(questions, turns))
    ratings = [[turn.rating for turn in each] for each in turns]
    if all(value is None for each in ratings for value in each):
        raise judge.at.wrong(f"gave no rating that can be read: look at samples/{cell.id}.jsonl")
    rated = [(one.category, each) for one, each in zip(questions, ratings, strict=True)]
    rows = [_scored(one, each, answers) for one, each in zip(questions, turns, strict=True)]
    metrics = [
        *rating_metrics(rated, asked.dataset),
        *score_metrics(rows, dataset=asked.dataset, score=asked.score, costs=costs),
        *watched.metrics(asked.dataset),
    ]
    facts = {
        "earlier_answers": answers.earlier,
        "questions": len(rows),
        "peak_memory_bytes": costs.memory_bytes,
        **judge.facts(asked, which),
        **score_facts(rows),
        **engine.facts(),
        **watched.facts(),
    }
    return Found(metrics=tuple(metrics), facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The model that rates."""

    at: Endpoint
    model: Served

    @classmethod
    def of(cls, asked: Questions, place: Place) -> Self:
        """The one that was named; `Elsewhere` where it does not answer."""
        assert asked.judge is not None
        assert asked.judge_model is not None
        at = endpoint("judge", asked.judge, place.judge, asked.sample_s, "JUDGE_API_KEY")
        model = Served(at, asked.judge_model, JUDGED_AT_ONCE, chat=True)
        model.require()
        return cls(at=at, model=model)

    def facts(self, asked: Questions, which: str) -> Mapping[str, Any]:
        """Who rates, and asked in whose words."""
        return {"judge": asked.judge, "judge_model": asked.judge_model, "judge_prompts": which}

    def rated(
        self,
        questions: Sequence[Question],
        told: Sequence[Sequence[Said]],
        texts: Mapping[str, Prompt],
        asking: Asking,
    ) -> list[list[Turn]]:
        """Each answer with its rating."""
        asks = [
            self.model.apply_chat_template(texts[_name(one, turn)].messages(_parts(one, each)))
            for one, each in zip(questions, told, strict=True)
            for turn in range(TURNS)
        ]
        said = iter(_put(asking, asks, JUDGEMENT))
        return [
            [Turn(said=one, judgement=(text := next(said)), rating=rating(text)) for one in each]
            for each in told
        ]


def _settings(asked: Questions, engine: Engine) -> dict[str, Any]:
    """How answers are generated: the likeliest, where no temperature was typed. FastChat draws some."""
    drawn = {"do_sample": True, "temperature": asked.temperature}
    longest = min(asked.max_tokens, engine.longest_answer)
    return {"until": [], "max_gen_toks": longest} | (drawn if asked.temperature else {"do_sample": False})


def _answered(asking: Asking, questions: Sequence[Question], settings: Mapping[str, Any]) -> list[list[Said]]:
    """The answers of each conversation; first questions all together, then second ones."""
    told: list[list[Said]] = [[] for _ in questions]
    for _ in range(TURNS):
        contexts = [
            _templated(asking, _messages(one, each)) for one, each in zip(questions, told, strict=True)
        ]
        for context, each, text in zip(contexts, told, _put(asking, contexts, settings), strict=True):
            each.append(Said(request=(context, settings), text=text))
    return told


def _messages(one: Question, told: Sequence[Said]) -> Messages:
    """The conversation so far, and the question that comes next."""
    found: Messages = []
    for question, said in zip(one.turns, told, strict=False):
        found += [{"role": "user", "content": question}, {"role": "assistant", "content": said.text}]
    return [*found, {"role": "user", "content": one.turns[len(told)]}]


def _templated(asking: Asking, messages: Messages) -> str:
    try:
        return str(asking.apply_chat_template(messages))
    except ValueError as error:  # transformers, where its tokenizer has none
        raise Unsupported(f"it holds no conversations: {' '.join(str(error).split())[:200]}") from error


def _put(asking: Asking, contexts: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """The texts that answer."""
    asks = [Instance(KIND, {}, (context, dict(settings)), number) for number, context in enumerate(contexts)]
    return [str(text) for text in asking.generate_until(asks)]


def _name(one: Question, turn: int) -> str:
    """FastChat's name of the prompt: what has right answers is held against them."""
    return f"single-{'math-' if one.references else ''}v1{'-multi-turn' if turn else ''}"


def _parts(one: Question, told: Sequence[Said]) -> dict[str, str]:
    """What prompts have places for."""
    answers = [said.text for said in told]
    numbered = {"question": one.turns, "answer": answers, "ref_answer": one.references}
    named = {
        f"{name}_{number}": text for name, texts in numbered.items() for number, text in enumerate(texts, 1)
    }
    return named | {"question": one.turns[0], "answer": answers[0]}


def _scored(one: Question, turns: Sequence[Turn], answers: Answers) -> Scored:
    """What the answers took; what they are worth is told apart."""
    kept = [answers.of(KIND, turn.said.request, 0) for turn in turns]
    known = [answer for answer in kept if answer is not None]
    tokens = [answer.tokens for answer in known if answer.tokens is not None]
    seconds = [answer.seconds for answer in known if answer.seconds is not None]
    return Scored(
        sample=str(one.number),
        subtask=one.category,
        values={},
        truncated=any(answer.cut for answer in known),
        tokens=sum(tokens) if tokens else None,
        seconds=sum(seconds) if len(seconds) == TURNS else None,
    )


def _lines(questions: Sequence[Question], turns: Sequence[Sequence[Turn]]) -> Iterator[dict[str, Any]]:
    """A line a turn, for people."""
    for one, each in zip(questions, turns, strict=True):
        for number, turn in enumerate(each):
            yield {
                "subtask": one.category,
                "sample": one.number,
                "turn": number + 1,
                "prompt": _name(one, number),
                "answer": turn.said.text,
                "judgement": turn.judgement,
                "rating": turn.rating,
            }
