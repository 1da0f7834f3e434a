"""A model that never stops, answers nothing or answers in control characters costs its own answers only."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval import simple_evaluate
from lm_eval.models.utils_hf import MultiTokenEOSCriteria
from lm_eval.tasks import TaskManager

from harness.matrix.records import Model
from harness.suite.evaluation.experts import ExpertUse
from harness.suite.evaluation.limits import END, LENGTH, STOP, THOUGHT, TIME, Ending, RowByRow, Rows
from harness.suite.evaluation.reasoning import MARKS
from harness.suite.evaluation.tiny import byte_tokenizer, roomy, tiny_checkpoint
from harness.suite.models.build import tiny_config_of
from tests.suite.evaluation.asking import generated

pytestmark = pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own
QUESTIONS = [{"question": "1 + 1 =", "answer": "2"}, {"question": "The capital of France is", "answer": "P"}]
TASK = """\
task: told
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
output_type: generate_until
test_split: test
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 12, do_sample: false}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


@pytest.fixture
def model(rows: dict[str, Model], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A function that loads a tiny Mixtral which always likes some tokens best, one after the other."""
    handles: list[Any] = []

    def load(*texts: str, end: bool = False, **arguments: Any) -> Any:
        lm = RowByRow(pretrained=str(folder), device="cpu", dtype="float32", batch_size=2, **arguments)
        said = [token for text in texts for token in lm.tokenizer.encode(text, add_special_tokens=False)]
        said += [lm.eot_token_id] if end else []

        def prefer(_: Any, given: tuple[Any, ...], logits: torch.Tensor) -> torch.Tensor:
            wanted = said[min(len(calls), len(said) - 1)]
            calls.append(wanted)
            return logits.index_fill(-1, torch.tensor([wanted]), 1e4)

        calls: list[int] = []
        lm.begin = calls.clear
        handles.append(lm.model.lm_head.register_forward_hook(prefer))
        return lm

    folder = tiny_checkpoint(rows["mixtral"], tmp_path / "weights")
    yield load
    for handle in handles:
        handle.remove()


def evaluate(lm: Any, folder: Path) -> dict[str, Any]:
    """Both questions through lm_eval's own evaluation."""
    folder.mkdir(exist_ok=True)
    data = folder / "told.jsonl"
    data.write_text("\n".join(map(json.dumps, QUESTIONS)))
    (folder / "told.yaml").write_text(TASK.format(data=data))
    lm.begin()
    found: dict[str, Any] = simple_evaluate(
        lm,
        tasks=["told"],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        bootstrap_iters=0,
    )
    return found


def test_a_model_that_never_stops_is_cut_at_its_last_token(model: Callable[..., Any], tmp_path: Path) -> None:
    lm = model("x")
    found = evaluate(lm, tmp_path / "task")
    assert found["results"]["told"]["exact_match,none"] == 0
    assert [row["resps"] for row in found["samples"]["told"]] == [[["x" * 12]]] * 2
    assert [(row.why, row.tokens) for row in lm.endings] == [(LENGTH, 12)] * 2


def test_a_model_that_never_stops_is_cut_when_its_time_is_up(
    model: Callable[..., Any], tmp_path: Path
) -> None:
    lm = model("x")
    lm.sample_s = 0.0
    found = evaluate(lm, tmp_path / "task")
    assert [row["resps"] for row in found["samples"]["told"]] == [[["x"]]] * 2
    assert [(row.why, row.tokens) for row in lm.endings] == [(TIME, 1)] * 2


def test_a_model_that_answers_nothing_scores_nothing(model: Callable[..., Any], tmp_path: Path) -> None:
    lm = model(end=True)
    found = evaluate(lm, tmp_path / "task")
    assert found["results"]["told"]["exact_match,none"] == 0
    assert [row["resps"] for row in found["samples"]["told"]] == [[[""]]] * 2
    assert [(row.why, row.tokens) for row in lm.endings] == [(END, 1)] * 2


def test_control_characters_reach_what_is_scored_as_they_are(
    model: Callable[..., Any], tmp_path: Path
) -> None:
    told = "\x00\x1b[31m\x07\r\x7f"
    lm = model(told, end=True)
    found = evaluate(lm, tmp_path / "task")
    assert [row["resps"] for row in found["samples"]["told"]] == [[[told]]] * 2
    assert [row.why for row in lm.endings] == [END] * 2


@pytest.mark.parametrize(
    ("question", "said", "answer", "ending"),
    [
        ("Think.", "<think>a\n\nb</think>c\n\nd", "c", (STOP, 22, 19)),  # its blank line ends no thought,
        (
            "Think.<think>",
            "a\n\nb</think>c\n\nd",
            "c",
            (STOP, 15, 12),
        ),  # nor one that the question has begun,
        ("Think.", "a\n\nb", "a", (STOP, 3, None)),  # but it does end who only answers
        ("Think.", "<think>ab", "<think>ab", (THOUGHT, 10, 10)),
    ],
)
def test_a_word_of_the_task_ends_an_answer_and_no_thought(
    model: Callable[..., Any], question: str, said: str, answer: str, ending: tuple[str, int, int | None]
) -> None:
    lm = model(said, end=True)
    lm.think(MARKS[0])
    assert generated(lm, [question], until=["\n\n"], tokens=40) == [answer]
    assert [(row.why, row.tokens, row.thinking) for row in lm.endings] == [ending]


def test_marks_that_are_special_tokens_are_looked_for_by_their_number(model: Callable[..., Any]) -> None:
    lm = model("a</think>c\n\nd", end=True)
    lm.tokenizer.add_special_tokens({"additional_special_tokens": ["</think>"]})
    lm.think(MARKS[0])
    assert lm.think_end_token == lm.tokenizer.convert_tokens_to_ids("</think>")


TOKENIZER = byte_tokenizer(
    roomy(tiny_config_of(Model(id="x", model_type="llama", architecture="x", classes=("LlamaForCausalLM",)))),
    ends=False,
)


def play(rows: Rows, texts: list[str]) -> list[list[bool]]:
    """What the criterion answers while the texts are generated, a byte at a time."""
    ids = TOKENIZER(texts, add_special_tokens=False)["input_ids"]
    given = torch.full((len(texts), 1), TOKENIZER.bos_token_id)
    answers = []
    for step in zip(*ids, strict=True):
        given = torch.cat([given, torch.tensor(step)[:, None]], dim=1)
        answers.append(rows(given, None).tolist())
    return answers


def test_each_row_ends_by_itself_and_stays_ended() -> None:
    texts = ["ab!cdefg", "abcde?gh", "abcdefgh"]
    context = torch.full((3, 1), TOKENIZER.bos_token_id)
    words = [MultiTokenEOSCriteria(word, TOKENIZER, 1, 3) for word in ("!", "?")]
    clock = iter(range(100))
    rows = Rows(context, words=words, clock=lambda: float(next(clock)))
    answers = play(rows, texts)
    assert answers == [[step >= 2, step >= 5, False] for step in range(8)]
    assert rows.endings() == [
        Ending(why=STOP, tokens=3, seconds=3.0),
        Ending(why=STOP, tokens=6, seconds=6.0),
        Ending(why=LENGTH, tokens=8, seconds=8.0),
    ]
    assert rows.done.tolist() == [True, True, False]


def test_the_end_of_a_model_comes_before_a_word_and_a_word_before_the_time() -> None:
    context = torch.full((2, 1), TOKENIZER.bos_token_id)
    end = TOKENIZER.encode("!", add_special_tokens=False)[0]
    words = [MultiTokenEOSCriteria(word, TOKENIZER, 1, 2) for word in ("!", "?")]
    clock = iter([0.0, 5.0])
    rows = Rows(context, ends={end}, words=words, seconds=5.0, clock=lambda: next(clock))
    play(rows, ["!", "?"])
    assert [row.why for row in rows.endings()] == [END, STOP]


def test_rows_that_ended_leave_expert_use_as_it_is_one_by_one(rows: dict[str, Model], tmp_path: Path) -> None:
    folder = tiny_checkpoint(rows["mixtral"], tmp_path)
    texts = ["The sky is", "A", "What is the capital of France?"]
    first = RowByRow(pretrained=str(folder), device="cpu", dtype="float32", batch_size=1)
    words = sorted({answer[2] for answer in generated(first, texts, tokens=9)})[:1]
    found = []
    for size in (1, 3):
        lm = RowByRow(pretrained=str(folder), device="cpu", dtype="float32", batch_size=size)
        with ExpertUse.of(lm.model) as use:
            lm.spare = use.sparing
            answers = generated(lm, texts, tokens=9, until=words)
        found.append((answers, [row.counts for row in use.layers()]))
    assert found[0] == found[1]
    assert len({len(answer) for answer in found[0][0]}) > 1
