"""Rows that hold in transformers 4 only, whose configurations have fewer defaults of their own."""

from harness.suite.models.peculiar.records import Peculiarity as Row

RESNET = {"model_type": "resnet", "out_features": ["stage2", "stage3", "stage4"]}
DECODER = {"model_type": "bert", "is_decoder": True, "add_cross_attention": True}
PARTS = "its parts have no default"
OF_TIMM = Row(
    reason="its backbone would come from timm, and the default asks for trained weights of it",
    base={
        "backbone_config": RESNET,
        "use_timm_backbone": False,
        "backbone": None,
        "use_pretrained_backbone": False,
    },
)
OF_MUSIC = Row(
    reason=PARTS,
    base={
        "text_encoder": {"model_type": "t5"},
        "audio_encoder": {"model_type": "encodec"},
    },
)
SLOW = Row(reason="the default asks for CUDA kernels", base={"use_mamba_kernels": False})
ROWS: dict[str, Row] = {
    **dict.fromkeys(
        (
            "conditional_detr",
            "dab-detr",
            "deformable_detr",
            "detr",
            "omdet-turbo",
            "table-transformer",
        ),
        OF_TIMM,
    ),
    **dict.fromkeys(("jamba", "zamba"), SLOW),
    "mllama_text_model": Row(
        reason="rope_scaling has no default", base={"rope_scaling": {"rope_type": "default"}}
    ),
    **dict.fromkeys(
        ("qwen3_omni_moe_text", "qwen3_omni_moe_talker_text"),
        Row(
            reason="rope_scaling has no default",
            base={"rope_scaling": {"rope_type": "default", "mrope_section": [24, 20, 20]}},
        ),
    ),
    "tvp": Row(reason="type_vocab_size has no default", base={"type_vocab_size": 2}),
    "encoder-decoder": Row(reason=PARTS, base={"encoder": {"model_type": "bert"}, "decoder": DECODER}),
    "speech-encoder-decoder": Row(
        reason=PARTS, base={"encoder": {"model_type": "wav2vec2"}, "decoder": DECODER}
    ),
    "vision-encoder-decoder": Row(reason=PARTS, base={"encoder": {"model_type": "vit"}, "decoder": DECODER}),
    "vision-text-dual-encoder": Row(
        reason=PARTS,
        base={"vision_config": {"model_type": "clip_vision_model"}, "text_config": {"model_type": "bert"}},
    ),
    "musicgen": Row(reason=PARTS, base={**OF_MUSIC.base, "decoder": {"model_type": "musicgen_decoder"}}),
    "musicgen_melody": Row(
        reason=PARTS, base={**OF_MUSIC.base, "decoder": {"model_type": "musicgen_melody_decoder"}}
    ),
}
