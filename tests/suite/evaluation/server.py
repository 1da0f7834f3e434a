"""A small server of OpenAI's protocol whose model is a checkpoint in a folder, and the troubles servers have.

`python -m tests.suite.evaluation.server FOLDER PORT NAME` serves a checkpoint until it is interrupted.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

NAME = "tiny"


class Trouble(StrEnum):
    """What may be wrong with an answer."""

    NONE = "none"
    ERROR = "500"
    HALF = "the connection is closed in the middle"
    SLOW = "it comes late"
    NO_JSON = "it is no JSON"
    NO_CHOICES = "it has no choices"
    CONTROL = "it has control characters and half a character"
    SILENT = "it has no log-likelihoods"
    EMPTY = "it is empty"


class Model:
    """A checkpoint that answers in the protocol's words."""

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self._lock = Lock()

    def answer(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """To one request."""
        chat = path.endswith("/chat/completions")
        text = self._conversation(asked["messages"]) if chat else asked["prompt"]
        ids = self.tokenizer(text, return_tensors="pt").input_ids
        with self._lock, torch.inference_mode():
            told = self._likelihoods(ids) if asked.get("echo") else None
            new, reason = ([], "length") if told else self._continued(ids, asked)
        said = self.tokenizer.decode(new, skip_special_tokens=True)
        for word in asked.get("stop") or []:
            said, found, _ = said.partition(word)
            reason = "stop" if found else reason
        choice: dict[str, Any] = {"index": 0, "finish_reason": reason, "logprobs": told}
        choice |= {"message": {"role": "assistant", "content": said}} if chat else {"text": said}
        usage = {"prompt_tokens": ids.shape[1], "completion_tokens": 1 if told else len(new)}
        return {"object": "text_completion", "choices": [choice], "usage": usage}

    def _conversation(self, messages: list[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _continued(self, ids: torch.Tensor, asked: Mapping[str, Any]) -> tuple[list[int], str]:
        stops = asked.get("stop") or []
        heat = asked.get("temperature", 0)
        torch.manual_seed(asked.get("seed", 0))
        found = self.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=asked["max_tokens"],
            pad_token_id=self.tokenizer.pad_token_id,
            **({"do_sample": True, "temperature": heat} if heat else {"do_sample": False}),
            **({"stop_strings": stops, "tokenizer": self.tokenizer} if stops else {}),
        )[0, ids.shape[1] :].tolist()
        return found, "length" if len(found) == asked["max_tokens"] else "stop"

    def _likelihoods(self, ids: torch.Tensor) -> dict[str, Any]:
        """Of each token, and of one after them; as vLLM tells them, which repeats the prompt for `echo`."""
        each = torch.log_softmax(self.model(ids).logits[0].float(), dim=-1)
        after = int(each[-1].argmax())
        tokens = [*ids[0].tolist(), after]
        told: list[float | None] = [None]
        tops: list[dict[str, float] | None] = [None]
        for row, token in zip(each, tokens[1:], strict=True):
            best = int(row.argmax())
            told.append(float(row[token]))
            tops.append({self.tokenizer.decode([one]): float(row[one]) for one in (token, best)})
        return {
            "tokens": self.tokenizer.convert_ids_to_tokens(tokens),
            "token_logprobs": told,
            "top_logprobs": tops,
        }


@dataclass
class Serving:
    """A server that runs, and what it was asked."""

    url: str
    trouble: Trouble = Trouble.NONE
    after: int = 0
    """Answers that are without trouble."""
    name: str = NAME
    says: str = ""
    """What it answers to everything, whatever the model would say."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    """What each request had for `Authorization`."""


@contextmanager
def serving(model: Model | None, port: int = 0, **how: Any) -> Iterator[Serving]:
    """A server on this machine, until it is left."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads, server.block_on_close = True, False
    serving = Serving(url=f"http://127.0.0.1:{server.server_address[1]}/v1", **how)
    server.serving, server.model, server.lock = serving, model, Lock()  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Any
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self.server.serving.keys.append(self.headers.get("Authorization"))
        known = self.path == "/v1/models"
        self._answer(
            200 if known else 404,
            json.dumps({"data": [{"id": self.server.serving.name}]} if known else {}).encode(),
        )

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        now: Serving = self.server.serving
        with self.server.lock:
            now.asked.append(asked)
            now.keys.append(self.headers.get("Authorization"))
            trouble = now.trouble if len(now.asked) > now.after else Trouble.NONE
        if trouble is Trouble.ERROR:
            self._answer(500, b'{"error": {"message": "out of\\u001b[31m blocks"}}')
            return
        if trouble is Trouble.SLOW:
            time.sleep(3)
        content = self._content(asked, trouble)
        self._answer(200, content, half=trouble is Trouble.HALF)

    def _content(self, asked: dict[str, Any], trouble: Trouble) -> bytes:
        if trouble is Trouble.NO_JSON:
            return b"<html>\x1b[2J it works </html>"
        if trouble is Trouble.NO_CHOICES:
            return b'{"object": "error"}'
        said = self.server.serving.says
        if said or trouble in (Trouble.CONTROL, Trouble.EMPTY):
            said = "" if trouble is Trouble.EMPTY else said or "a\x00b\x1b[31m\ud800c"
            choice = {"text": said, "message": {"content": said}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 3, "completion_tokens": 5}
            return json.dumps({"choices": [choice], "usage": usage}).replace("\\u0000", "\0").encode()
        found = self.server.model.answer(self.path, asked)
        if trouble is Trouble.SILENT:
            found["choices"][0]["logprobs"] = None
        return json.dumps(found).encode()

    def _answer(self, status: int, content: bytes, *, half: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        self.close_connection = self.close_connection or half


if __name__ == "__main__":
    with serving(Model(Path(sys.argv[1])), int(sys.argv[2]), name=sys.argv[3]) as running:
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        while True:
            time.sleep(1)
