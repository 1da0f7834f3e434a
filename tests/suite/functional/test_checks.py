"""The checks, by what they let pass and what they catch.

Each wrong model below is a right one of which one thing was broken in memory; the set of checks that
then fail must be exactly the one that the fault calls for.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.matrix.cells import Parameters
from harness.matrix.load import find_root, load
from harness.matrix.plan import plan
from harness.matrix.records import Checkpoint, Suite
from harness.matrix.select import Selection, select
from harness.suite.functional.checks import CHECKS, Facts, applicable, set_attention
from harness.suite.functional.precision import loaded_in
from harness.suite.functional.subject import CheckFailed, Finding, Subject, deviation, tensors
from harness.suite.functional.subjects import subject_of
from harness.suite.models.build import tiny_model, tiny_pair
from harness.suite.models.inputs.make import Layouts, Recipe
from harness.suite.outcomes import Unsupported

MATRIX = load(find_root(Path(__file__)))
CELLS = {
    cell.model.id: cell
    for cell in plan(
        MATRIX, select(MATRIX, Selection()), MATRIX.device("cpu"), Suite.FUNCTIONAL, [Parameters()]
    )
}
"""The principal class of each critical model."""
COMPARING = {
    "determinism",
    "batch_equivalence",
    "padding_invariance",
    "save_load",
    "bf16_vs_fp32",
    "sdpa_vs_eager",
}
"""Checks that compare the outputs of one forward with those of another."""

Break = Callable[[Any], None]
"""Spoils one thing of a model in place."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny products gain nothing from threads, and lose by waking them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def findings(name: str, model: Any) -> dict[str, str]:
    """Check → why it failed, or nothing; of all that apply to the model."""
    cell, subject = CELLS[name], Subject(model, "cpu", 0, Layouts(model))
    found = {}
    for check in applicable(Facts(type(model), model.config), cell.checks):
        try:
            seen = check.run(subject)
        except CheckFailed as failure:
            found[check.name] = str(failure)
        else:
            limit = cell.tolerances[check.name]
            found[check.name] = (
                "" if seen.deviation <= limit else f"{seen.deviation} > {limit}: {seen.detail}"
            )
    return found


def failing(name: str, breaking: Break) -> set[str]:
    """The checks that the model fails once it is broken."""
    model = tiny_model(CELLS[name].model, seed=0)
    torch.manual_seed(0)
    breaking(model)
    return {check for check, why in findings(name, model).items() if why}


def overriding(**methods: Any) -> Break:
    """Makes the model one of a subclass with those methods: what `from_pretrained` builds is one, too."""

    def breaking(model: Any) -> None:
        # Of the same name: the library tells some classes by theirs.
        model.__class__ = type(type(model).__name__, (type(model),), methods)

    return breaking


def forward(change: Callable[..., Any]) -> Any:
    """A `forward` that looks like the library's: `change(model, right, arguments)` gives its outputs."""

    def wrapped(right: Any) -> Any:
        @functools.wraps(right)
        def wrong(self: Any, **arguments: Any) -> Any:
            return change(self, functools.partial(right, self), arguments)

        return wrong

    def breaking(model: Any) -> None:
        overriding(forward=wrapped(type(model).forward))(model)

    return breaking


@pytest.mark.parametrize("name", CELLS)
def test_every_model_of_the_matrix_passes_every_check_that_applies(name: str) -> None:
    found = findings(name, tiny_model(CELLS[name].model, seed=0))
    assert {check: why for check, why in found.items() if why} == {}


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("bert", {"generate", "kv_cache_equivalence"}),  # fills masks
        ("gpt2", set()),
        ("mamba", {"sdpa_vs_eager"}),  # has no attention
        ("resnet", {"generate", "kv_cache_equivalence", "padding_invariance", "sdpa_vs_eager"}),  # nor tokens
        ("vit", {"generate", "kv_cache_equivalence", "padding_invariance"}),
        ("wav2vec2", {"generate", "kv_cache_equivalence", "padding_invariance"}),  # reads out, masks by group
        ("whisper", {"padding_invariance"}),  # its encoder takes one length
    ],
)
def test_checks_that_do_not_apply_are_those_and_no_others(name: str, absent: set[str]) -> None:
    model = tiny_model(CELLS[name].model, seed=0)
    applying = {check.name for check in applicable(Facts(type(model), model.config), CELLS[name].checks)}
    assert set(CELLS[name].checks) - applying == absent


def test_a_check_that_a_design_rules_out_does_not_apply() -> None:
    """FNet mixes the whole sequence by a Fourier transform, pads included."""
    model = tiny_pair("fnet", "FNetModel", seed=0)
    facts = Facts(type(model), model.config)
    names = [check.name for check in applicable(facts, ("forward", "padding_invariance", "save_load"))]
    assert names == ["forward", "save_load"]


# A wrong model is caught, and by the check that is there for it.


def without_mask(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
    return right(**arguments | {"attention_mask": None})


@pytest.mark.parametrize("name", ["bert", "llama", "mamba", "t5"])
def test_a_mask_that_is_ignored(name: str) -> None:
    assert failing(name, forward(without_mask)) == {"padding_invariance"}


def one_position_late(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
    cache = arguments.get("past_key_values")
    if cache is not None and cache.get_seq_length() > 0:
        arguments["position_ids"] = arguments["position_ids"] - 1
    return right(**arguments)


def last_key_lost(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
    outputs = right(**arguments)
    if outputs.past_key_values is not None:
        outputs.past_key_values.crop(-1)
    return outputs


def first_key_overwritten(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
    outputs = right(**arguments)
    if outputs.past_key_values is not None:
        for layer in outputs.past_key_values.layers:
            layer.keys = torch.cat([layer.keys[:, :, 1:2], layer.keys[:, :, 1:]], dim=2)
    return outputs


@pytest.mark.parametrize("fault", [one_position_late, last_key_lost, first_key_overwritten])
def test_a_cache_that_is_off_by_one(fault: Callable[..., Any]) -> None:
    assert failing("llama", forward(fault)) == {"kv_cache_equivalence"}


def test_a_state_that_is_not_carried_from_token_to_token() -> None:
    """Mamba's cache: not keys, but a recurrent state."""

    def stale(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
        outputs = right(**arguments)
        if outputs.cache_params is not None:
            for layer in outputs.cache_params.layers:
                layer.recurrent_states = {
                    place: torch.zeros_like(state) for place, state in layer.recurrent_states.items()
                }
        return outputs

    assert failing("mamba", forward(stale)) == {"kv_cache_equivalence"}


@pytest.mark.parametrize("spoil", [torch.Tensor.zero_, lambda bias: bias.add_(1e-7)])
def test_a_bias_that_loading_drops_or_changes(spoil: Callable[[torch.Tensor], Any]) -> None:
    def breaking(model: Any) -> None:
        right = type(model).from_pretrained

        def from_pretrained(_: type, *arguments: Any, **options: Any) -> Any:
            loaded = right(*arguments, **options)
            with torch.no_grad():
                spoil(loaded.model.layers[0].self_attn.q_proj.bias)
            return loaded

        overriding(from_pretrained=classmethod(from_pretrained))(model)

    assert failing("starcoder2_15b", breaking) == {"save_load"}


def test_a_parameter_that_is_not_saved() -> None:
    def breaking(model: Any) -> None:
        right = type(model).save_pretrained

        def save_pretrained(self: Any, folder: str, **options: Any) -> None:
            state = {name: value for name, value in self.state_dict().items() if "ln_f.bias" not in name}
            right(self, folder, state_dict=state, **options)

        overriding(save_pretrained=save_pretrained)(model)

    assert failing("gpt2", breaking) == {"save_load"}


def test_rows_of_a_batch_that_are_mixed() -> None:
    def mixing(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
        outputs = right(**arguments)
        outputs.logits = outputs.logits + 0.01 * outputs.logits.mean(dim=0, keepdim=True)
        return outputs

    assert failing("llama", forward(mixing)) == {"batch_equivalence"}


def test_dropout_that_is_left_on() -> None:
    """Determinism fails; comparisons draw the same numbers in both forwards, unless their shapes differ."""

    def train(self: Any, mode: bool = True) -> Any:
        torch.nn.Module.train(self, mode)
        for module in self.modules():
            if isinstance(module, torch.nn.Dropout):
                module.training = True
        return self

    def breaking(model: Any) -> None:
        overriding(train=train)(model)
        model.eval()

    failed = failing("gpt2", breaking)
    assert failed >= {"determinism", "batch_equivalence", "padding_invariance", "kv_cache_equivalence"}
    assert failed <= COMPARING | {"kv_cache_equivalence", "gradients", "generate"}


def test_fused_attention_of_another_scale() -> None:
    def set_attn_implementation(self: Any, implementation: str) -> None:
        super(type(self), self).set_attn_implementation(implementation)
        if implementation == "sdpa":
            for layer in self.model.layers:
                layer.self_attn.scaling *= 1.01

    breaking = overriding(set_attn_implementation=set_attn_implementation)
    assert failing("llama", breaking) == {"sdpa_vs_eager"}


def test_parts_of_one_kind_of_attention_keep_it_and_the_others_change() -> None:
    """Gemma 4's tower for sound has no fused attention, and stands two configurations below Jev's own."""
    model = tiny_pair("gemma4", "JevForDecision", 0)
    for implementation in ("eager", "sdpa"):
        set_attention(model, implementation)
        used = {
            type(part).__name__: part.config._attn_implementation
            for part in model.modules()
            if hasattr(part, "set_attn_implementation")
        }
        assert used["Gemma4AudioModel"] == "eager"
        assert {used["Gemma4TextModel"], used["Gemma4VisionModel"]} == {implementation}


def detached(module: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (arguments[0].detach(), *arguments[1:])


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("gpt2", "transformer.h.1.ln_1"),  # beside a residual: part of a slope is left
        ("llama", "model.layers.1.self_attn.o_proj"),  # none is left for the queries before it
        ("llama", "model.norm"),  # nor for anything but the head
    ],
    ids=["in part", "of a module", "of the whole stack"],
)
def test_a_path_that_backward_does_not_see(name: str, place: str) -> None:
    def breaking(model: Any) -> None:
        model.get_submodule(place).register_forward_pre_hook(detached)

    assert failing(name, breaking) == {"gradients"}


def test_a_formula_of_backward_that_is_wrong() -> None:
    class Inflated(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, value: torch.Tensor) -> torch.Tensor:
            return value.clone()

        @staticmethod
        def backward(_: Any, slope: torch.Tensor) -> torch.Tensor:
            return 1.1 * slope

    def breaking(model: Any) -> None:
        model.vit.layernorm.register_forward_hook(lambda _, __, output: Inflated.apply(output))

    assert failing("vit", breaking) == {"gradients"}


def in_bfloat16(spoil: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., Any]:
    """A forward whose logits are spoilt in that dtype alone."""

    def wrong(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
        outputs = right(**arguments)
        if outputs.logits.dtype is torch.bfloat16:
            outputs.logits = spoil(outputs.logits)
        return outputs

    return wrong


def test_a_module_that_misbehaves_in_bfloat16_alone() -> None:
    assert failing("bert", forward(in_bfloat16(lambda logits: 1.2 * logits))) == {"bf16_vs_fp32"}


def test_a_part_that_generate_turns_to_float32_is_loaded_so() -> None:
    model = tiny_pair("qwen2_5_omni", "Qwen2_5OmniForConditionalGeneration", 0)
    low = loaded_in(torch.bfloat16, Subject(model, "cpu", 0, Layouts(model)))
    assert {parameter.dtype for parameter in low.token2wav.parameters()} == {torch.float32}
    assert {parameter.dtype for parameter in low.thinker.parameters()} == {torch.bfloat16}


def test_bfloat16_that_overflows() -> None:
    assert failing("llama", forward(in_bfloat16(lambda logits: logits / 0))) == {"bf16_vs_fp32"}


def scaling_logits(factor: float) -> Break:
    def scaled(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
        outputs = right(**arguments)
        outputs.logits = outputs.logits * factor
        return outputs

    return forward(scaled)


def test_an_output_that_is_not_a_number() -> None:
    """Forward fails, and all that compares, differentiates or reads outputs; the weights are as they were."""
    failed = failing("vit", scaling_logits(float("nan")))
    reading = {"forward", "gradients", "input_sensitivity", "pipeline", "parity_float32"}
    assert failed == reading | COMPARING - {"padding_invariance"}


def test_outputs_that_are_all_one_value() -> None:
    """No comparison sees it: a constant is the same however it is computed. Its gradient is nought."""
    assert failing("vit", scaling_logits(0)) == {"forward", "gradients", "input_sensitivity"}


def test_a_weight_that_is_not_finite() -> None:
    """In a row of the vocabulary that no input reads: no output shows it.

    Construct looks at every weight; so do gradients, whose step is relative to their norm.
    """

    def breaking(model: Any) -> None:
        with torch.no_grad():
            model.model.embed_tokens.weight[-1, -1] = float("inf")

    assert failing("llama", breaking) == {"construct", "gradients"}


def generating(change: Callable[..., Any]) -> Break:
    def breaking(model: Any) -> None:
        right = type(model).generate
        overriding(generate=lambda self, **options: change(functools.partial(right, self), options))(model)

    return breaking


def tokens_of(outputs: Any) -> torch.Tensor:
    """What was generated, however it was asked for."""
    found: torch.Tensor = outputs if isinstance(outputs, torch.Tensor) else outputs.sequences
    return found


def stops_early(right: Any, options: dict[str, Any]) -> Any:
    return right(**options | {"min_new_tokens": 1, "max_new_tokens": 3})


def changes_the_prompt(right: Any, options: dict[str, Any]) -> Any:
    outputs = right(**options)
    tokens_of(outputs)[:, 0] += 1
    return outputs


def invents_tokens(right: Any, options: dict[str, Any]) -> Any:
    outputs = right(**options)
    tokens_of(outputs)[:, -1] = 1_000_000
    return outputs


def samples(right: Any, options: dict[str, Any]) -> Any:
    greedy = right(**options)
    if "logits_processor" not in options:
        tokens = tokens_of(greedy)
        tokens[:, -1] = torch.randint(256, (len(tokens),))
    return greedy


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (stops_early, {"generate"}),
        (changes_the_prompt, {"generate"}),
        (invents_tokens, {"generate"}),
        (samples, {"generate"}),
    ],
)
def test_a_generation_that_does_not_do_as_told(fault: Callable[..., Any], caught_by: set[str]) -> None:
    assert failing("llama", generating(fault)) == caught_by


def blind(_: Any, right: Any, arguments: dict[str, Any]) -> Any:
    pixels = arguments.get("pixel_values")
    return right(**arguments | {"pixel_values": None if pixels is None else torch.zeros_like(pixels)})


@pytest.mark.parametrize("name", ["clip", "llava"])
def test_an_image_that_is_ignored(name: str) -> None:
    assert failing(name, forward(blind)) == {"input_sensitivity"}


def test_a_mask_of_nothing_real_is_no_input_and_need_change_nothing() -> None:
    """Only what the seed draws is changed: a mask is the same for each."""
    assert "attention_mask" not in CHECKS["input_sensitivity"].run(subject_of(CELLS["bert"])).detail


def test_a_modality_that_was_left_out() -> None:
    """Llava's text path alone runs, and is no test of a model that reads images."""
    subject = subject_of(CELLS["llava"])
    subject.source = Layouts(subject.model, Recipe())
    assert CHECKS["forward"].run(subject).deviation == 0
    found = CHECKS["input_sensitivity"].run(subject)
    assert found == Finding(1.0, "image was not given")


def test_a_constructor_that_raises_leaves_no_subject() -> None:
    spoiled = Checkpoint(hub_id="x/y", config={"activation_function": "nonsense"})
    cell = replace(CELLS["gpt2"], model=replace(CELLS["gpt2"].model, checkpoint=spoiled))
    with pytest.raises(KeyError, match="nonsense"):
        subject_of(cell)


# What a deviation is.


def test_a_deviation_is_relative_to_the_largest_value_of_its_output() -> None:
    expected = {"a": torch.tensor([1.0, -10.0]), "b": torch.tensor([1.0])}
    seen = {"a": torch.tensor([1.0, -9.0]), "b": torch.tensor([1.01])}
    found = deviation(seen, expected)
    assert found.deviation == pytest.approx(0.1)
    assert found.detail == "largest in a"


def test_a_deviation_from_zero_is_absolute() -> None:
    assert deviation({"a": torch.ones(2)}, {"a": torch.zeros(2)}) == Finding(1.0, "largest in a")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_deviates_from_everything_itself_included(value: float) -> None:
    broken = {"a": torch.tensor([value])}
    with pytest.raises(CheckFailed, match="not finite"):
        deviation(broken, broken)


def test_outputs_with_nothing_in_common_are_no_agreement() -> None:
    with pytest.raises(CheckFailed, match="no output could be compared"):
        deviation({"a": torch.ones(2)}, {"a": torch.ones(3), "b": torch.ones(1)})


def test_nested_outputs_have_dotted_names_and_caches_are_no_outputs() -> None:
    outputs = {
        "logits": torch.ones(1),
        "ids": torch.ones(1, dtype=torch.long),
        "past_key_values": (torch.ones(1),),
    }
    assert tensors(outputs | {"tower": {"states": (torch.ones(1),)}}).keys() == {"logits", "tower.states.0"}


def test_the_same_call_gives_the_same_inputs_and_variants_leave_the_model_alone() -> None:
    subject = subject_of(CELLS["llama"])
    before = {name: value.clone() for name, value in subject.model.state_dict().items()}
    first, again = subject.inputs(batch=2), subject.inputs(batch=2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    subject.variant(dtype=torch.bfloat16).lm_head.weight.data.zero_()
    assert all(torch.equal(before[name], value) for name, value in subject.model.state_dict().items())


def test_a_dtype_that_the_device_lacks_is_unsupported_and_not_the_model_s_failure() -> None:
    subject = subject_of(CELLS["gpt2"])
    subject.require(torch.float64)
    with pytest.raises(Unsupported, match=r"cpu does not compute in torch\.bits8"):
        subject.require(torch.bits8)
