"""Expert use agrees with a count by hand, whatever the batch, and leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.matrix.records import Model
from harness.suite.evaluation.experts import ExpertUse
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.models.build import tiny_model
from tests.suite.evaluation.asking import asker, generated, likelihoods

ROUTERS = ("MixtralTopKRouter", "Qwen3MoeTopKRouter", "DeepseekV3TopkRouter")
PAD, END = 0, 2
TEXTS = [[7, 30, 31, 9, 200, 45], [50, 51, 52], [90, 17, 17, 60]]


@contextmanager
def states(model: Any) -> Iterator[dict[str, list[torch.Tensor]]]:
    """What each router is given while it is entered: router → [tokens, width] of each call."""
    seen: dict[str, list[torch.Tensor]] = {}
    handles = []
    for name, module in model.named_modules():
        if type(module).__name__ in ROUTERS:
            given_to = seen.setdefault(name, [])
            handles.append(
                module.register_forward_pre_hook(
                    lambda _, arguments, given_to=given_to: given_to.append(arguments[0].flatten(0, -2))
                )
            )
    yield seen
    for handle in handles:
        handle.remove()


def chosen(router: Any, hidden: torch.Tensor) -> list[int]:
    """The experts of one token, as the papers have it: softmax and the largest, or DeepSeek-V3's by group.

    DeepSeek-V3 (arXiv 2412.19437, section 2.1.2; arXiv 2405.04434 for the groups): sigmoid scores plus a bias
    choose; the groups whose two best add up to the most stay in.
    """
    scores = router.weight @ hidden
    if type(router).__name__ != "DeepseekV3TopkRouter":
        return sorted(range(len(scores)), key=lambda e: -torch.softmax(scores, 0)[e].item())[: router.top_k]
    biased = (scores.sigmoid() + router.e_score_correction_bias).tolist()
    size = len(biased) // router.num_group
    groups = [list(range(g * size, (g + 1) * size)) for g in range(router.num_group)]
    best = sorted(groups, key=lambda group: -sum(sorted((biased[e] for e in group), reverse=True)[:2]))
    allowed = [e for group in best[: router.topk_group] for e in group]
    return sorted(allowed, key=lambda e: -biased[e])[: router.top_k]


def by_hand(model: Any, seen: dict[str, list[torch.Tensor]], experts: int) -> list[tuple[int, ...]]:
    """Counts by layer of all that the routers were given."""
    counts = []
    for name, calls in seen.items():
        row = [0] * experts
        for hidden in torch.cat(calls):
            for expert in chosen(model.get_submodule(name), hidden):
                row[expert] += 1
        counts.append(tuple(row))
    return counts


def mixture(rows: dict[str, Model], name: str) -> Any:
    """A tiny model whose routers are not even: biases of DeepSeek's are set, which its training would do."""
    model = tiny_model(rows[name], seed=1)
    for module in model.modules():
        if hasattr(module, "e_score_correction_bias"):
            module.e_score_correction_bias.copy_(torch.tensor([0.3, -0.2, 0.0, 0.1]))
    return model


def batch(texts: list[list[int]], *, left: bool) -> dict[str, torch.Tensor]:
    width = max(map(len, texts))
    gaps = [[PAD] * (width - len(text)) for text in texts]
    rows = [gap + text if left else text + gap for text, gap in zip(texts, gaps, strict=True)]
    masks = [
        [0] * len(gap) + [1] * len(text) if left else [1] * len(text) + [0] * len(gap)
        for text, gap in zip(texts, gaps, strict=True)
    ]
    return {"input_ids": torch.tensor(rows), "attention_mask": torch.tensor(masks)}


def counts(use: ExpertUse) -> list[tuple[int, ...]]:
    return [row.counts for row in use.layers()]


@pytest.mark.parametrize("name", ["mixtral", "qwen3_moe", "deepseek_v3"])
@pytest.mark.parametrize("left", [True, False])
@torch.no_grad()
def test_use_is_the_count_by_hand_and_a_batch_counts_what_its_rows_count(
    rows: dict[str, Model], name: str, *, left: bool
) -> None:
    model = mixture(rows, name)
    with states(model) as seen, ExpertUse.of(model) as single:
        for text in TEXTS:
            model(torch.tensor([text]))
    expected = by_hand(model, seen, 4)
    assert expected
    assert counts(single) == expected
    assert all(sum(row) == 2 * sum(map(len, TEXTS)) for row in expected)
    with ExpertUse.of(model) as many:
        model(**batch(TEXTS, left=left))
    assert counts(many) == expected


@pytest.mark.parametrize("name", ["mixtral", "qwen3_moe", "deepseek_v3"])
def test_generation_counts_each_token_once(rows: dict[str, Model], name: str) -> None:
    model = mixture(rows, name)
    settings = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False, "pad_token_id": PAD}
    with states(model) as seen, ExpertUse.of(model) as single:
        for text in TEXTS:
            model.generate(torch.tensor([text]), attention_mask=torch.ones(1, len(text)), **settings)
    assert counts(single) == by_hand(model, seen, 4)
    tokens = sum(map(len, TEXTS)) + 5 * len(TEXTS)  # the last token of an answer is never read
    assert all(sum(row) == 2 * tokens for row in counts(single))
    with ExpertUse.of(model) as many:
        model.generate(**batch(TEXTS, left=True), **settings)
    assert counts(many) == counts(single)


@torch.no_grad()
def test_rows_that_have_ended_are_spared(rows: dict[str, Model]) -> None:
    model = mixture(rows, "mixtral")
    ended = torch.tensor([False, True, False])
    with ExpertUse.of(model) as some, some.sparing(ended):
        model(**batch(TEXTS, left=True))
    with ExpertUse.of(model) as others:
        model(**batch([TEXTS[0], TEXTS[2]], left=True))
    assert counts(some) == counts(others)
    with ExpertUse.of(model) as later:
        model(**batch(TEXTS, left=True))
    assert sum(counts(later)[0]) == 2 * sum(map(len, TEXTS))


@pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own
def test_lm_eval_in_batches_counts_what_it_counts_one_by_one(rows: dict[str, Model], tmp_path: Path) -> None:
    pairs = [("The sky is", " blue"), ("A", " b"), ("What is the capital of France?", " Paris")]
    folder = tiny_checkpoint(rows["mixtral"], tmp_path)
    found = []
    for size in (1, 3):
        lm = asker(folder, batch_size=size)
        with ExpertUse.of(lm.model) as use, use.told_padding():
            likelihoods(lm, pairs)
            generated(lm, [context for context, _ in pairs], tokens=5)
        found.append(counts(use))
    tokens = sum(len(context + end) for context, end in pairs)  # a start token, and not the last one
    tokens += sum(len(context) + 1 for context, _ in pairs) + 3 * 4
    assert found[0] == found[1]
    assert all(sum(row) == 2 * tokens for row in found[0])


def test_no_hook_is_left_behind(rows: dict[str, Model]) -> None:
    model = mixture(rows, "mixtral")
    with ExpertUse.of(model) as use:
        model(torch.tensor(TEXTS[:1]))
    before = counts(use)
    with suppress(KeyboardInterrupt), ExpertUse.of(model) as broken:
        model(torch.tensor(TEXTS[:1]))
        raise KeyboardInterrupt
    model(torch.tensor(TEXTS[:1]))
    assert counts(use) == before == counts(broken)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_dense_model_has_no_layers(rows: dict[str, Model]) -> None:
    model = tiny_model(rows["llama"], seed=0)
    with ExpertUse.of(model) as use:
        model(torch.tensor(TEXTS[:1]))
    assert not use.layers()
    assert not use.reason


def test_a_mixture_that_cannot_be_heard_says_why(rows: dict[str, Model]) -> None:
    model = tiny_model(rows["switch_transformers"], seed=0)
    with ExpertUse.of(model) as use:
        model(input_ids=torch.tensor(TEXTS[:1]), decoder_input_ids=torch.tensor(TEXTS[:1]))
    assert not use.layers()
    assert use.reason == "an encoder's tokens and a decoder's are padded apart"


@torch.no_grad()
def test_choosers_that_put_out_logits_alone_are_read_as_they_choose(rows: dict[str, Model]) -> None:
    model = tiny_model(rows["llama4_text"], seed=0)
    sent: list[int] = []
    layer = next(module for module in model.modules() if type(module).__name__ == "Llama4Router")
    handle = layer.register_forward_hook(
        lambda *called: sent.extend(torch.nonzero(called[2][0])[:, 1].tolist())
    )
    with ExpertUse.of(model) as use:
        model(torch.tensor(TEXTS[:1]))
    handle.remove()
    assert counts(use)[0] == tuple(sent.count(expert) for expert in range(4))
