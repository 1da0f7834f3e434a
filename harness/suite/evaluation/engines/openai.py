"""The engine that is any server of OpenAI's protocol: vLLM, TGI, llama.cpp, SGLang, OpenAI's own."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.task import Task

from harness.matrix.questions import Questions
from harness.suite.evaluation.engines.completions import (
    counted,
    likelihood,
    likelihood_wanted,
    said,
    split,
    wanted,
)
from harness.suite.evaluation.engines.engine import PARTS_OF_CONTEXT, Blind
from harness.suite.evaluation.engines.wire import Broken, Endpoint, Line
from harness.suite.evaluation.meter import Meter, Row, Sharing
from harness.suite.outcomes import Unsupported

Job = Callable[[Line], Awaitable[tuple[Any, Row]]]
"""Asks for one answer."""
SHOWN = 5
"""Names of models that a sentence lists."""


class Served(LM):
    """A server's model as lm_eval asks it: several requests at once, each answer told as it comes."""

    tokenizer_name = ""
    """The server's business."""

    def __init__(self, endpoint: Endpoint, model: str, at_once: int, *, chat: bool) -> None:
        """`model` is what the server calls it."""
        super().__init__()
        self.meter = Meter()
        self.took: list[float] = []
        """Seconds of each request, from its beginning to its answer."""
        self._endpoint, self._model, self._at_once, self._chat = endpoint, model, at_once, chat
        self._sharing = Sharing()

    def require(self) -> None:
        """`Elsewhere`, with a sentence, where the server does not answer, or has no such model."""
        asyncio.run(self._require_served())

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Texts."""
        return self._all("generate_until", requests, self._generate)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """(log-likelihood, whether greedy) of each; `Unsupported` where the server tells none."""
        contexts: dict[str, asyncio.Task[int]] = {}
        return self._all("loglikelihood", requests, lambda args: self._likelihood(args, contexts))

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """`Unsupported`: it takes windows of tokens, which a server makes of text by itself."""
        raise Unsupported(
            f"{requests[0].task_name} asks how likely whole texts are, which is not asked of a server"
        )

    def apply_chat_template(
        self,
        chat_history: list[dict[str, str]],
        add_generation_prompt: bool = True,  # noqa: FBT001, FBT002, ARG002 — lm_eval's
    ) -> str:
        """The messages as JSON: the server has the template."""
        return json.dumps(chat_history, ensure_ascii=False)

    def chat_template(self, chat_template: bool | str = False) -> str:  # noqa: FBT001, FBT002, ARG002 — lm_eval's
        """The server's business."""
        return ""

    async def _require_served(self) -> None:
        async with self._endpoint.open() as line:
            rows = (await line.get("/models")).get("data")
        names = (
            [str(row.get("id")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        )
        if names and self._model not in names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            option = "--served" if self._endpoint.what == "server" else "--judge-model"
            raise self._endpoint.wrong(
                f"has no model {self._model}: it serves {', '.join(names[:SHOWN])}{more}; name one with "
                f"{option}"
            )

    def _all(self, kind: str, requests: Sequence[Instance], job: Callable[[Any], Job]) -> list[Any]:
        """The answers in the requests' order; the first problem ends all that are under way."""
        try:
            return asyncio.run(self._together(kind, [request.args for request in requests], job))
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _together(self, kind: str, each: Sequence[Any], job: Callable[[Any], Job]) -> list[Any]:
        """So many that work side by side, each at one request: one that fails begins no other."""
        found: dict[int, Any] = {}
        numbered = iter(enumerate(each))

        async def work(line: Line) -> None:
            for number, args in numbered:
                found[number] = await self._one(kind, args, job(args), line)

        async with self._endpoint.open() as line, asyncio.TaskGroup() as group:
            for _ in range(min(self._at_once, len(each))):
                group.create_task(work(line))
        return [found[number] for number in range(len(each))]

    async def _one(self, kind: str, args: Any, job: Job, line: Line) -> Any:
        """An answer, which is written down at once, whatever becomes of the others."""
        clock = asyncio.get_running_loop().time
        began = clock()
        with self._sharing.one() as seconds:
            try:
                value, row = await job(line)
            except Broken as broken:
                raise self._endpoint.wrong(
                    f"answers {broken}: it speaks another protocol, or is broken"
                ) from broken
        self.took.append(clock() - began)
        self.meter.rows.append(replace(row, seconds=seconds()))
        self.cache_hook.add_partial(kind, args, value)
        self.meter.before()
        return value

    def _generate(self, args: tuple[str, Mapping[str, Any]]) -> Job:
        context, settings = args

        async def job(line: Line) -> tuple[str, Row]:
            path = "/chat/completions" if self._chat else "/completions"
            answer = await line.post(path, wanted(self._model, context, settings, chat=self._chat))
            found = said(answer, settings, chat=self._chat)
            row = Row(tokens=found.tokens, stopped=found.stopped, text=found.text, thinking=found.thinking)
            return found.value, row

        return job

    def _likelihood(self, args: tuple[str, str], contexts: dict[str, "asyncio.Task[int]"]) -> Job:
        context, continuation = split(*args)

        async def job(line: Line) -> tuple[tuple[float, bool], Row]:
            if context not in contexts:
                contexts[context] = asyncio.ensure_future(self._length(line, context))
            before = await contexts[context]
            answer = await line.post("/completions", likelihood_wanted(self._model, context + continuation))
            found = likelihood(answer, before)
            if found is None:
                raise Unsupported(
                    f"the server at {self._endpoint.url} tells no log-likelihoods of a prompt (echo with "
                    "logprobs), by which this dataset's choices are told: ask it what is answered in text"
                )
            return found, Row(tokens=None, stopped="")

        return job

    async def _length(self, line: Line, context: str) -> int:
        """Tokens of a context, which several continuations follow; an empty one is taken to have one."""
        if not context:
            return 1
        return counted(
            await line.post("/completions", {"model": self._model, "prompt": context, "max_tokens": 1})
        )


class Afar(Blind):
    """A server as an engine."""

    def __init__(self, endpoint: Endpoint, asked: Questions) -> None:
        assert asked.served is not None
        self._at_once = int(asked.options.get("num_concurrent", 1))
        self._context = asked.options.get("max_length")
        self._served = Served(endpoint, asked.served, self._at_once, chat=asked.chat)
        self._facts = {"server": endpoint.url, "served": asked.served, "at_once": self._at_once}

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""
        return int(self._context) // PARTS_OF_CONTEXT if self._context else 1 << 20

    def model(self, tasks: Mapping[str, Task], seconds: float | None = None) -> LM:  # noqa: ARG002 — the protocol's
        """As lm_eval asks it; `Elsewhere` where it is not there."""
        self._served.require()
        return self._served

    def facts(self) -> Mapping[str, Any]:
        """Where it is, and how long requests took it, from first to last."""
        took, self._served.took = self._served.took, []
        times = {"request_s_median": median(took), "request_s_longest": max(took)} if took else {}
        return self._facts | times
