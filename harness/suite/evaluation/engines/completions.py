"""What OpenAI's protocol asks and answers: payloads from lm_eval's requests, and answers from JSON.

Payloads are those of lm_eval's `local-completions` and `local-chat-completions` (0.4.13), whose classes tell
neither what an answer took nor why it stopped, ask again whatever went wrong, and need a tokenizer. Here all
prompts go as text: the server makes tokens of it, and says how many a context has.
"""

import json
import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.suite.evaluation.engines.wire import Broken

MOST_STOPS = 4
"""Words that end an answer, of which OpenAI's own server takes no more; here texts are cut at all of them."""
REASONS = {"length": "length", "stop": "end"}
"""Why an answer ended, in the protocol's words → in those of `Answer`; any other word stands for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer in text."""

    value: str
    """Up to the first of the words that end it."""
    text: str
    """In full, as far as the server gave it."""
    tokens: int | None
    """That the server counts; None where it tells none."""
    stopped: str
    thinking: int | None = None
    """Of the tokens, those of thinking, where the server tells."""


def wanted(model: str, context: str, settings: Mapping[str, Any], *, chat: bool) -> dict[str, Any]:
    """The payload that asks for an answer in text; of chat, the context is a list of messages in JSON."""
    drawn = settings.get("do_sample", True) is not False
    temperature = float(settings.get("temperature") or 0) if drawn else 0.0
    asked: dict[str, Any] = {"messages": json.loads(context)} if chat else {"prompt": context}
    asked |= {"model": model, "max_tokens": settings["max_gen_toks"], "temperature": temperature}
    if words := stops(settings):
        asked["stop"] = words[:MOST_STOPS]
    if temperature:
        asked["seed"] = random.getrandbits(31)
    return asked


def stops(settings: Mapping[str, Any]) -> list[str]:
    """Words that end an answer."""
    until = settings.get("until") or []
    return [word for word in ([until] if isinstance(until, str) else until) if word]


def said(answer: Mapping[str, Any], settings: Mapping[str, Any], *, chat: bool) -> Said:
    """What a server answered in text; `Broken` where that is none."""
    choice = _choice(answer)
    message = choice.get("message") if chat else choice
    given = message.get("content" if chat else "text", "") if isinstance(message, dict) else None
    if given is None and isinstance(message, dict):
        given = ""  # it thought until it had no more tokens
    if not isinstance(given, str):
        raise Broken("a choice without a text")
    text = given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # halves of characters
    cut = min((text.find(word) for word in stops(settings) if word in text), default=None)
    reason = str(choice.get("finish_reason") or "stop")
    stopped = (
        "stop"
        if cut is not None or isinstance(choice.get("stop_reason"), str)
        else REASONS.get(reason, reason)
    )
    tokens = _usage(answer, "completion_tokens")
    details = (answer.get("usage") or {}).get("completion_tokens_details") if tokens else None
    thinking = details.get("reasoning_tokens") if isinstance(details, dict) else None
    thought = thinking if isinstance(thinking, int) and thinking > 0 else None
    return Said(value=text[:cut], text=text, tokens=tokens, stopped=stopped, thinking=thought)


def likelihood_wanted(model: str, text: str) -> dict[str, Any]:
    """The payload that asks how likely each token of a text is: it is given back, and one token after it."""
    return {"model": model, "prompt": text, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}


def split(context: str, continuation: str) -> tuple[str, str]:
    """As lm_eval has them: blanks between the two belong to what follows (`TemplateLM._encode_pair`)."""
    kept = context.rstrip()
    return kept, context[len(kept) :] + continuation


def counted(answer: Mapping[str, Any]) -> int:
    """Tokens of the prompt, as the server counts them; `Broken` where it does not."""
    count = _usage(answer, "prompt_tokens")
    if count is None:
        raise Broken("without usage.prompt_tokens, by which a choice is told from its question")
    return count


def likelihood(answer: Mapping[str, Any], before: int) -> tuple[float, bool] | None:
    """Log-likelihood of the prompt's tokens after the first `before`, and whether each is the likeliest.

    As lm_eval's `parse_logprobs`. None where the server tells none of a prompt; `Broken` for no number.
    """
    told = _choice(answer).get("logprobs")
    each, tops = (
        (told.get("token_logprobs"), told.get("top_logprobs")) if isinstance(told, dict) else (None, None)
    )
    count = counted(answer)
    if not isinstance(each, list) or not isinstance(tops, list) or min(len(each), len(tops)) < count:
        return None
    first = max(1, min(before, count - 1))  # of the first token nothing is told
    chosen = list(zip(each[first:count], tops[first:count], strict=True))
    if not all(_numbers([one]) and isinstance(top, dict) and _numbers(top.values()) for one, top in chosen):
        raise Broken("log-likelihoods that are no numbers")
    return float(sum(one for one, _ in chosen)), all(one >= max(top.values()) for one, top in chosen)


def _numbers(values: Collection[Any]) -> bool:
    """Whether there are any, and each is one; JSON of some servers has NaN."""
    return bool(values) and all(isinstance(value, int | float) and math.isfinite(value) for value in values)


def _choice(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices: Any = answer.get("choices")
    if not isinstance(choices, Sequence) or not choices or not isinstance(choices[0], dict):
        raise Broken("JSON without choices")
    return choices[0]


def _usage(answer: Mapping[str, Any], name: str) -> int | None:
    usage = answer.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count >= 0 else None
