"""Reading a tree of configurations: a field, a tower, and the class that the library maps a type to."""

from collections.abc import Iterator, Mapping
from typing import Any

import transformers

from harness.suite.outcomes import Unsupported

VISION_TOWERS = ("vision_config", "vision", "vision_tower_config", "backbone_config", "encoder")
AUDIO_TOWERS = ("audio_config", "audio_encoder_config", "speech_config", "encoder_config", "encoder")

# Type → the type whose processors its checkpoints use, where the library maps it to none or to the wrong one.
FAMILY = {
    "chinese_clip_vision_model": "chinese_clip",
    "clip_vision_model": "clip",
    "cosmos3_omni": "qwen3_vl",
    "dab-detr": "conditional_detr",
    "dinov2_with_registers": "dinov2",
    "dinov3_convnext": "dinov3_vit",
    "edgetam_video": "edgetam",
    "fast_vlm": "llava",
    "glm4v_moe": "glm4v",
    "glm_ocr": "glm46v",
    "glmga": "glm46v",
    "hgnet_v2": "rt_detr",
    "maskformer-swin": "maskformer",
    "mistral4": "mistral3",
    "qwen2_5_omni_thinker": "qwen2_5_omni",
    "qwen3_omni_moe_thinker": "qwen3_omni_moe",
    "qwen3_vl_moe": "qwen3_vl",
    "rt_detr_v2": "rt_detr",
    "sam_hq_vision_model": "sam_hq",
    "sam_vision_model": "sam",
    "siglip_vision_model": "siglip",
    "wav2vec2-bert": "seamless_m4t",  # mapped to raw audio, and reads mel frames
}


def mapped(config: Any, mapping: Mapping[str, Any], kind: str) -> Any:
    """The mapping's entry of the type or of one of its towers; `Unsupported` where there is none."""
    names = [part.model_type for part in tree(config)]
    for name in names:
        if entry := mapping.get(FAMILY.get(name, name)) or mapping.get(name):
            return entry
    raise Unsupported(f"transformers {transformers.__version__} has no {kind} for {names[0]}")


def tree(config: Any) -> Iterator[Any]:
    """The configuration, then its sub-configurations, breadth first."""
    level = [config]
    while level:
        yield from level
        level = [sub for parent in level for sub in _children(parent)]


def sub_config(config: Any, names: tuple[str, ...]) -> Any:
    """The first of the named sub-configurations in the tree; else `config` itself."""
    for parent in tree(config):
        for name in names:
            found = getattr(parent, name, None)
            if hasattr(found, "model_type"):
                return found
    return config


def field(config: Any, *names: str) -> Any:
    """The first value in the tree of the named fields; None where there is none."""
    for part in tree(config):
        for name in names:
            value = getattr(part, name, None)
            if value is not None:
                return value
    return None


def text_config(config: Any) -> Any:
    """The configuration of the tower that reads text: where several do, the encoder's."""
    try:
        return config.get_text_config()
    except ValueError:
        return config.get_text_config(encoder=True)


def _children(config: Any) -> Iterator[Any]:
    for value in list(vars(config).values()):
        if hasattr(value, "model_type") and hasattr(value, "to_dict"):
            yield value
