"""`harness models` and `harness categories`: what they say, of whom, and in how many ways they say no."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from harness.matrix.records import Matrix
from tests.hub import a_hub

Typed = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]

SEVEN: dict[str, tuple[float, str, int, str, int, int, float, int]] = {
    "llama31_70b": (140, "Llama 3.1 Community License", 131_072, "general_purpose", 4, 4, 0.9, 2),
    "mixtral_8x7b": (93, "Apache 2.0", 32_768, "mixture_of_experts", 4, 4, 0.85, 4),
    "deepseek_r1_distill_llama_70b": (140, "MIT", 131_072, "reasoning_specialized", 4, 4, 0.9, 2),
    "starcoder2_15b": (32, "BigCode OpenRAIL-M", 16_384, "coding_specialists", 2, 2, 0.85, 6),
    "gemma2_27b": (54, "Gemma Terms of Use", 8_192, "general_purpose", 2, 2, 0.85, 4),
    "internlm2_20b": (40, "Apache 2.0", 32_768, "general_purpose", 2, 2, 0.85, 4),
    "llama32_vision_90b": (
        180,
        "Llama 3.2 Community License",
        131_072,
        "multimodal_processing",
        4,
        4,
        0.9,
        1,
    ),
}
"""What was asked for: GB, licence, tokens, category, tensor parallel, GPUs, share of memory, batch."""
NEEDS_LOGIN = {"llama31_70b", "mixtral_8x7b", "gemma2_27b", "llama32_vision_90b"}


def asked(typed: Typed, root: Path, *arguments: str) -> Any:
    ended = typed(root, *arguments, "--json")
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


@pytest.mark.parametrize("name", SEVEN)
def test_the_seven_are_as_they_were_asked_for(typed: Typed, root: Path, name: str) -> None:
    size, licence, tokens, category, parallel, gpus, memory, batch = SEVEN[name]
    found = asked(typed, root, "models", "show", name)
    assert found["bytes"] / 1e9 == pytest.approx(size, rel=0.02)
    assert (found["license"], found["context"]) == (licence, tokens)
    assert category in found["categories"]
    told = [found[key] for key in ("tensor_parallel", "gpus", "memory", "batch")]
    assert told == [parallel, gpus, memory, batch]
    assert (found["access"] == "gated") == (name in NEEDS_LOGIN)


def test_all_61_are_listed_and_those_of_a_category_in_its_order(typed: Typed, root: Path) -> None:
    lines = typed(root, "models", "list").stdout.splitlines()
    assert len(lines) == 1 + 61
    assert lines[0].split()[:3] == ["model", "parameters", "active"]
    listed = asked(typed, root, "models", "list", "--category", "mixture_of_experts,reasoning_specialized")
    assert [row["model"] for row in listed] == [
        "mixtral_8x7b",
        "mixtral_8x22b",
        "dbrx_instruct",
        "deepseek_v3",
        "deepseek_r1_distill_llama_70b",
    ]
    assert [row["active"] < row["parameters"] for row in listed] == [True] * 4 + [False]


def test_a_model_without_weights_says_why_and_what_could_not_be_looked_up_is_marked(
    typed: Typed, root: Path
) -> None:
    shown = typed(root, "models", "show", "claude_sonnet").stdout
    assert "unsupported      it has no weights that can be had" in shown
    assert "vllm" not in shown
    (line,) = (row for row in typed(root, "models", "list").stdout.splitlines() if row.startswith("granite"))
    assert re.search(r" 33\.72B\? .* open\? .* Apache 2\.0 ", line)
    shown = typed(root, "models", "show", "granite_34b_code").stdout
    assert "config, access: could not be looked up" in shown


def test_names_of_the_hub_answer_too(typed: Typed, root: Path, matrix: Matrix) -> None:
    for name in ("deepseek-ai/DeepSeek-V3", "DeepSeek_V3", "deepseek_v3_671b"):
        assert asked(typed, root, "models", "show", name)["model"] == "deepseek_v3"


def test_a_preset_is_shown_in_each_engine_s_words(typed: Typed, root: Path) -> None:
    found = asked(typed, root, "models", "show", "mixtral_8x7b", "--preset", "memory-optimized")
    assert found["preset"] == "memory_optimized"
    assert found["engines"]["vllm"]["options"]["gpu_memory_utilization"] == 0.75
    assert found["engines"]["transformers"]["processes"] == 4
    shown = typed(root, "models", "show", "mixtral_8x7b").stdout
    assert "transformers: hf in 4 processes, dtype=bfloat16 batch_size=16" in shown


def test_eleven_categories_and_three_that_came_later(typed: Typed, root: Path) -> None:
    assert len(typed(root, "categories").stdout.splitlines()) == 1 + 14
    rows = asked(typed, root, "categories")
    assert [row["later"] for row in rows] == [False] * 11 + [True] * 3
    one = asked(typed, root, "categories", "Mixture-of-Experts")
    assert one in rows
    assert asked(typed, root, "categories", "list") == rows
    assert asked(typed, root, "categories", "show", "Mixture-of-Experts") == one
    shown = typed(root, "categories", one["id"]).stdout.splitlines()
    assert f"models      {', '.join(one['models'])}" in shown
    assert "primary     bigbench_hard: task bbh, score exact_match_strict" in shown
    assert "optional    math_competition: math, task hendrycks_math, score exact_match_strict" in shown
    assert (
        "optional    mt_bench: no task: its answers need a judge, whom --judge names: "
        "lm_eval 0.4.13 has no task of it" in shown
    )
    assert "metric      inference_speed: measured as sample_seconds" in shown
    assert "metric      multilingual_capability: not measured: nothing defines it" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("models", "list", "--category", "mix"), "there is no category 'mix'; `harness categories` shows"),
        (("models", "check", "--category", "mixture_of_expert"), "the nearest is mixture_of_experts"),
        (
            ("models", "show", "qwen3_8"),
            "there is no model of the registry 'qwen3_8'; the nearest are qwen3_8b",
        ),
        (("models", "show", "bert"), "there is no model of the registry 'bert'; "),
        (("models", "show", "zzz"), "`harness models list` shows them all"),
        (
            ("models", "show", "qwen3_8b", "--preset", "perf"),
            "there is no preset 'perf'; there are balanced, ",
        ),
        (("models", "check", "qwen3_8"), "there is no model of the registry 'qwen3_8'"),
        (("categories", "code"), "there is no category 'code'"),
        (("matrix", "list", "--category", "code"), "there is no category 'code'"),
    ],
)
def test_a_mistake_is_one_sentence(typed: Typed, root: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = typed(root, *arguments)
    assert ended.exit_code == 2
    (sentence,) = ended.stderr.splitlines()
    assert words in sentence


def test_offline_the_cache_and_a_token_are_seen_and_nothing_is_asked(
    typed: Typed, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = asked(typed, root, "models", "check", "qwen3_8b", "claude_sonnet", "bio_clinicalbert")
    assert (said["hub"], said["token"]) == ("not asked", False)
    assert {row["status"] for row in said["models"].values()} == {"unknown_offline"}
    assert list(said["unsupported"]) == ["claude_sonnet"]

    (tmp_path / "token").write_text("hf_secret")
    whole = tmp_path / "hub" / "models--emilyalsentzer--Bio_ClinicalBERT" / "snapshots" / "1"
    whole.mkdir(parents=True)
    (whole / "config.json").write_text('{"model_type": "bert"}')
    partly = tmp_path / "hub" / "models--Qwen--Qwen3-8B" / "snapshots" / "1"
    partly.mkdir(parents=True)
    (partly / "config.json").write_text('{"model_type": "qwen3"}')
    header = b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    (whole / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    ended = typed(root, "models", "check", "qwen3_8b", "bio_clinicalbert")
    assert ended.exit_code == 0
    hub, qwen, bert, to_do = ended.stdout.splitlines()
    assert hub == "hub: not asked; token: present"
    assert qwen.split() == ["qwen3_8b", "unknown_offline", "Qwen/Qwen3-8B"]
    assert bert.split()[1] == "cached"
    assert to_do == "qwen3_8b: ask again where the hub can be reached, and without HF_HUB_OFFLINE"
    assert "hf_secret" not in ended.output


def test_what_the_hub_denies_is_told_with_what_to_do_and_the_token_is_not(
    run: Run, root: Path, tmp_path: Path
) -> None:
    names = ("qwen3_8b", "llama31_8b", "yi_9b")
    with a_hub() as hub:
        variables = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_secret"}
        ended = run(root, "models", "check", *names, "--python", sys.executable, **variables)
    assert ended.returncode == 1, ended.stderr
    about, *rows = ended.stdout.splitlines()
    assert about == "hub: reached; token: present"
    assert [row.split()[1] for row in rows[:3]] == ["open", "gated_denied", "missing"]
    licence = (
        "accept the licence at https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct, then `hf auth login`"
    )
    assert rows[3] == f"llama31_8b: {licence}"
    assert rows[4].startswith("yi_9b: the hub shows nothing of that name")
    assert "hf_secret" not in ended.stdout + ended.stderr


def test_nothing_heavy_is_imported(root: Path) -> None:
    """`list` and `show` answer at once: what takes long to import is left where it is."""
    code = (
        "import sys; from click.testing import CliRunner; from harness.cli import main\n"
        "for typed in ('models list', 'models show qwen3_8b', 'categories', 'data list'):\n"
        f"    assert CliRunner().invoke(main, ['--root', {str(root)!r}, *typed.split()]).exit_code == 0\n"
        "print(sys.modules.keys() & {'torch', 'transformers', 'huggingface_hub', 'datasets', 'lm_eval'})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"
