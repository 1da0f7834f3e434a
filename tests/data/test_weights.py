"""Which files of a repository make a model."""

import pytest

from harness.data.hub import RemoteFile
from harness.data.weights import chosen

BESIDES = ["config.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "vocab.json"]


def names(*paths: str) -> list[str]:
    files = [RemoteFile(path=path, size=1, sha256=None, git="0") for path in paths]
    return [file.path for file in chosen(files)]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (
            [
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "consolidated.safetensors",
                "model.safetensors.index.json",
                "pytorch_model.bin.index.json",
            ],
            [
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
        ),
        (["weights.safetensors"], ["weights.safetensors"]),
        (
            ["pytorch_model-1.bin", "pytorch_model.bin.index.json", "flax_model.msgpack", "tf_model.h5"],
            ["pytorch_model-1.bin", "pytorch_model.bin.index.json"],
        ),
        (["original/model.safetensors", "onnx/model.onnx", "model.gguf"], []),
    ],
)
def test_no_second_copy_and_no_pickle_where_there_is_better(there: list[str], expected: list[str]) -> None:
    assert names(*there, *BESIDES, "README.md", "modeling_own.py") == sorted(expected + BESIDES)
