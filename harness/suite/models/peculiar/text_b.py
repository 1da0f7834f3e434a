"""Rows of model types that read text alone, G to Z."""

from harness.suite.models.peculiar.records import Peculiarity as Row

ABSOLUTE = Row(
    reason="an encoder-decoder's decoder alone: positions are absolute, and forward cannot be told them",
    inputs={"padding_side": "right"},
)
ROWS: dict[str, Row] = {
    **dict.fromkeys(
        (
            "BartForCausalLM",
            "BigBirdPegasusForCausalLM",
            "BlenderbotForCausalLM",
            "BlenderbotSmallForCausalLM",
            "MarianForCausalLM",
            "MBartForCausalLM",
            "MvpForCausalLM",
            "PegasusForCausalLM",
            "PLBartForCausalLM",
            "TrOCRForCausalLM",
            "WhisperForCausalLM",
        ),
        ABSOLUTE,
    ),
    "hrm_text": Row(
        reason="it learns from its last cycles only",
        exempt={
            "gradients": "all cycles but the last run without gradient by design (a one-step approximation)"
        },
    ),
}
