"""The process that runs the tests on a program that is elsewhere, and comes to the verdict.

Started as `python -s -P -S` with `main`: settings as JSON in its argument, the submission as JSON on its
standard input. It writes `{"passed": …, "reason": …}` or `{"unconfined": …}`. It is confined as the program
is: the tests are the dataset's, and need no more.
"""

import builtins
import importlib
import json
import math
import os
import random
import signal
import sys
from contextlib import suppress
from typing import Any

from harness.suite.evaluation.programs.channel import Channel
from harness.suite.evaluation.programs.confine import Unconfined, confine
from harness.suite.evaluation.programs.names import Asked, asked, last_function, whole
from harness.suite.evaluation.programs.proxy import Broken, Conversation

TESTS = "<tests>"
REASON_CHARACTERS = 300


class _Failed(Exception):
    """The program has failed before the tests ran; the text says why."""


def failure(submission: dict[str, str], conversation: Conversation) -> str | None:
    """Why the program fails; None where the tests ran to their end."""
    try:
        _run(submission, conversation)
    except _Failed as error:
        return str(error)
    except Broken as error:
        return f"the program {error}"
    except BaseException as error:  # noqa: BLE001 — whatever ends the tests early fails the program
        return _where(error, submission["tests"])
    return f"the program {conversation.broken}" if conversation.broken else None


def _run(submission: dict[str, str], conversation: Conversation) -> None:
    prompt, tests = whole(submission["prompt"]), submission["tests"]
    names: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins}
    exec(compile(prompt, "<prompt>", "exec"), names)  # noqa: S102 — the dataset's
    wanted = asked(tests, frozenset(names), last_function(prompt))
    try:
        conversation.ask("run", submission["program"])
    except Exception as error:  # noqa: BLE001 — a program may raise anything
        raise _Failed(f"the program did not run: {type(error).__name__}: {error}") from None
    if not _bind(names, wanted, conversation):
        raise _Failed("the program defines nothing that the tests use")
    random.seed(0)  # tests that draw: the same program has the same verdict
    exec(compile(tests, TESTS, "exec"), names)  # noqa: S102 — the dataset's


def _bind(names: dict[str, Any], wanted: Asked, conversation: Conversation) -> bool:
    """Add what the program has of the wanted names; whether it has any.

    Of a module it says only that it imported it: the module is ours.
    """
    for name in sorted(wanted.modules):
        if conversation.ask("module", name) is True:
            names[name] = importlib.import_module(name)
    found = False
    for name in sorted(wanted.names):
        names.pop(name, None)  # the stub that the prompt ends with
        with suppress(KeyError):  # then the tests meet a NameError
            names[name] = conversation.ask("name", name)
            found = True
    return found


def _where(error: BaseException, tests: str) -> str:
    """The line of the tests that failed, and with what."""
    line, trace = "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == TESTS:
            line = tests.split("\n")[trace.tb_lineno - 1].strip()
        trace = trace.tb_next
    what = "" if isinstance(error, AssertionError) and not error.args else f"{type(error).__name__}: {error}"
    return ": ".join(filter(None, (line, what))) or type(error).__name__


def _shown(text: str) -> str:
    """A program's words may be in it: printable, and not many."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:REASON_CHARACTERS])


def main() -> None:
    """Confine this process, examine, write the verdict. Never returns."""
    settings = json.loads(sys.argv[1])
    submission = json.load(sys.stdin)
    channel = Channel(settings["channel"])
    verdict = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # tests may print
    try:
        confine(**settings["confine"])
        conversation = Conversation(channel)
        conversation.begin(**settings["times"])
        signal.alarm(math.ceil(settings["times"]["seconds"]) + 1)  # for tests that do not end by themselves
        why = failure(submission, conversation)
        said: dict[str, Any] = {"passed": why is None, "reason": _shown(why or "passed")}
    except Unconfined as error:
        said = {"unconfined": str(error)}
    except Broken as error:
        said = {"passed": False, "reason": f"the program's process {error} before it began"}
    os.write(verdict, json.dumps(said).encode())
    os._exit(0)
