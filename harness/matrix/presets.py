"""From a preset and an entry of the registry to what an engine is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.matrix.registry import Entry, Preset

BATCH = 8
"""Samples at once of a model whose entry says nothing, in the balanced preset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a model is evaluated, whatever the engine; None where nothing is to be said."""

    batch: int
    """Samples at once."""
    sequences: int
    """Most sequences that a server keeps in flight."""
    memory: float
    """Share of a device's memory."""
    context: int | None
    """Tokens of a prompt and its answer."""
    tensor_parallel: int
    """Devices that share each layer."""
    quantisation: str | None
    cpu_offload_gb: float | None
    iterations: int
    """Times that speed is measured."""
    dtype: str = "bfloat16"

    @property
    def tp_plan(self) -> str | None:
        """Which layers are split, in transformers' words: those that it has a plan for."""
        return "auto" if self.tensor_parallel > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What answers the questions, and how it calls the settings."""

    id: str
    title: str
    model: str
    """lm_eval's name for it, as `--model` takes it."""
    options: Mapping[str, str]
    """Argument of lm_eval's model → field of `Settings`."""
    process_per_device: bool = False
    """Tensor parallelism is so many processes, started by torchrun; else the engine starts its own."""
    reads_weights: bool = True
    """Whether it is given the model's weights."""
    networked: bool = False
    """Whether it is reached over the network, which its container must have then."""
    variant: str | None = None
    """The device's variant whose image has it; None where that of every evaluation has."""


ENGINES = {
    row.id: row
    for row in (
        Engine(
            id="transformers",
            title="transformers",
            model="hf",
            options={"dtype": "dtype", "batch_size": "batch", "max_length": "context", "tp_plan": "tp_plan"},
            process_per_device=True,
        ),
        Engine(
            id="continuous",
            title="transformers with continuous batching",
            model="hf",
            options={
                "dtype": "dtype",
                "batch_size": "batch",
                "max_length": "context",
                "tp_plan": "tp_plan",
                "max_requests_per_batch": "sequences",
                "max_memory_percent": "memory",
            },
        ),
        Engine(
            id="vllm",
            title="vLLM",
            model="vllm",
            options={
                "dtype": "dtype",
                "max_num_seqs": "sequences",
                "gpu_memory_utilization": "memory",
                "max_model_len": "context",
                "tensor_parallel_size": "tensor_parallel",
                "quantization": "quantisation",
                "cpu_offload_gb": "cpu_offload_gb",
            },
            variant="vllm",
        ),
        Engine(
            id="openai",
            title="a server that speaks OpenAI's protocol",
            model="openai",
            options={"num_concurrent": "batch", "max_length": "context"},
            reads_weights=False,
            networked=True,
        ),
        Engine(
            id="gold",
            title="the datasets' own right answers, which shows that what is right scores 1",
            model="gold",
            options={},
            reads_weights=False,
        ),
        Engine(
            id="wrong",
            title="wrong answers of the same form, which shows that what is wrong scores 0",
            model="wrong",
            options={},
            reads_weights=False,
        ),
    )
}
"""Names as lm_eval 0.4.13 has them (`lm_eval/models`; of a server, those of `local-completions`); what its
model of vLLM does not know goes on to vLLM. Of `continuous`, texts alone are batched so: `batch_size` is that
of log-likelihoods, and what `hf` does not know is `ContinuousBatchingConfig`'s of transformers 5.23."""
MADE_UP = frozenset({"gold", "wrong"})
"""Those that answer from the datasets' own rows."""


def settings(entry: Entry, preset: Preset) -> Settings:
    """The preset for this model: never more memory than its entry allows, and its own batch to begin with."""
    wished = max(int((entry.batch or BATCH) * preset.batch_factor), preset.batch_least)
    return Settings(
        batch=min(wished, preset.batch_most or wished),
        sequences=preset.sequences,
        memory=min(preset.memory, entry.memory or preset.memory),
        context=entry.context,
        tensor_parallel=entry.tensor_parallel,
        quantisation=entry.quantisation,
        cpu_offload_gb=preset.cpu_offload_gb or None,
        iterations=preset.iterations,
    )


def options(engine: Engine, chosen: Settings) -> dict[str, Any]:
    """What the engine's model of lm_eval is told; what says nothing is left out."""
    found = {name: getattr(chosen, field) for name, field in engine.options.items()}
    return {name: value for name, value in found.items() if value is not None}


def processes(engine: Engine, chosen: Settings) -> int:
    """How many processes are started."""
    return chosen.tensor_parallel if engine.process_per_device else 1
