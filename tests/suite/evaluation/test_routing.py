"""Every module of experts in the library is heard of, or there is a reason why it is not."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from harness.matrix.records import Checkpoint, Model
from harness.suite.evaluation.routing import INDICES, LOGITS, NUMBERS, UNSEEN, sources, unseen
from harness.suite.models.build import meta_model, tiny_config_of

LIBRARY = Path(transformers.__file__).parent / "models"
OTHERWISE = {
    "JetMoeParallelExperts": "JetMoeTopKGating",
    "Llama4TextExperts": "Llama4Router",
    "InklingSharedExperts": "every token passes them",
    "Inkling2SharedExperts": "every token passes them",
}
"""Experts that are not told indices: the router that is heard in their place, or why none need be."""
RARE: dict[str, dict[str, Any]] = {
    "doge": {"is_moe": True, "num_experts": 16},
    "flint": {"mlp_only_layers": []},
    "gemma4": {"text_config.enable_moe_block": True, "text_config.num_experts": 8}
    | {"text_config.top_k_experts": 2, "text_config.moe_intermediate_size": 32},
    "nllb_moe": {"encoder_sparse_step": 1, "decoder_sparse_step": 1},
}
"""Types that have experts only where a field says so."""


def library_classes() -> dict[str, ast.ClassDef]:
    texts = (path.read_text() for path in LIBRARY.glob("*/modeling_*.py"))
    trees = (ast.parse(text) for text in texts if "Experts(" in text)
    found = (node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: node for node in found}


def arguments(kind: ast.ClassDef) -> list[str]:
    forward = next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "forward")
    return [argument.arg for argument in forward.args.args]


def test_the_experts_of_every_class_of_the_library_are_heard_of() -> None:
    classes = library_classes()
    experts = {name: kind for name, kind in classes.items() if name.endswith("Experts")}
    assert len(experts) > 60
    deaf = {name for name, kind in experts.items() if not set(INDICES) & set(arguments(kind))}
    assert deaf - UNSEEN.keys() == deaf & OTHERWISE.keys()
    told = experts.keys() - deaf
    written = {name: ast.unparse(kind) for name, kind in experts.items()}
    assert all(any(f"self.{number} =" in written[name] for number in NUMBERS) for name in told)
    assert LOGITS.keys() | UNSEEN.keys() <= classes.keys() | {"DogeCDMoE"}


def skeleton(row: Model, fields: dict[str, Any] | None = None) -> Any:
    row = replace(row, checkpoint=Checkpoint(config=fields)) if fields else row
    return meta_model(row, tiny_config_of(row), torch.bfloat16)


@pytest.mark.parametrize(
    ("name", "layers"),
    [("mixtral", 2), ("dbrx", 2), ("deepseek_v3", 1), ("gpt_oss", 2), ("jetmoe", 4), ("llama4_text", 2)],
)
def test_each_kind_of_layer_is_found_once(rows: dict[str, Model], name: str, layers: int) -> None:
    model = skeleton(rows[name])
    found = list(sources(model))
    assert len(found) == layers
    assert {source.experts for source in found} == {4}
    assert len({source.name for source in found}) == layers
    assert not unseen(model)


@pytest.mark.parametrize(("name", "reason"), [("doge", "neurons"), ("nllb_moe", "apart")])
def test_what_cannot_be_heard_says_why(rows: dict[str, Model], name: str, reason: str) -> None:
    model = skeleton(rows[name], RARE[name])
    assert reason in unseen(model)
    assert not list(sources(model))


@pytest.mark.parametrize("name", ["flint", "gemma4"])
def test_experts_that_a_field_asks_for_are_found(rows: dict[str, Model], name: str) -> None:
    assert len(list(sources(skeleton(rows[name], RARE[name])))) == 2
    assert not list(sources(skeleton(rows[name])))


def test_experts_that_are_told_nothing_by_a_known_name_are_no_dense_model() -> None:
    class StrangeExperts(torch.nn.Module):
        def forward(self, states: torch.Tensor, sent: torch.Tensor) -> torch.Tensor:
            return states * sent

    model = torch.nn.ModuleDict({"experts": StrangeExperts()})
    assert unseen(model) == "StrangeExperts is not told the indices of experts by a name that is known"
    assert not unseen(torch.nn.Linear(1, 1))
