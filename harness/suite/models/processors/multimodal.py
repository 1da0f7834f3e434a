"""A tiny processor for any model of several modalities: the class of its type, made of tiny parts."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

from harness.suite.models.processors.audio import tiny_feature_extractor
from harness.suite.models.processors.configs import VISION_TOWERS, field, mapped, sub_config
from harness.suite.models.processors.images import blank, image_side, tiny_image_processor
from harness.suite.models.processors.tokenizers import tiny_tokenizer
from harness.suite.outcomes import Unsupported

# Type → the processor of its checkpoints, where the library's mapping has none.
UNMAPPED = {
    "kosmos-2": "Kosmos2Processor",
    "kosmos-2.5": "Kosmos2_5Processor",
    "vision-encoder-decoder": "TrOCRProcessor",
}
# Processor → why a tiny one cannot be had.
UNFIT = {
    "AriaProcessor": "makes pictures of 490 or 980 pixels a side, which no tiny vision tower takes",
    "MiniCPMV4_6Processor": "reads its settings from its video processor, which needs torchvision",
    "MiniCPMV4_7Processor": "reads its settings from its video processor, which needs torchvision",
}
COUNTS = ("image_seq_length", "image_seq_len", "num_image_tokens")
"""Arguments that say how many placeholders an image takes: asked of the model itself."""
QUERIES = ("latent_query_num", "num_query_tokens")
"""Fields with that count, for a model that cannot be asked."""
GRIDS = ("llava_onevision",)
"""Types whose count is that of the tower's patches: their features have rows between the tiles, too."""
# Argument of a processor → the configuration's name for it, where it is not the same.
RENAMED = {"img_size": "image_size"}
# Argument of a processor → what the checkpoints say where the configuration says nothing (VipLlava's).
UNSAID = {"vision_feature_select_strategy": "default"}
# Type → argument of its processor → value, where the tiny configuration's own would miscount placeholders.
COUNTED = {
    "deepseek_ocr2": {"patch_size": 1},  # 144 queries whatever the size: 48 pixels a side, in fours
}
IMAGE_DIMENSIONS = 3
"""Channels, height and width: the dimensions before them count tiles."""

PARTS: dict[str, Callable[[Any, Any], Any]] = {
    "tokenizer": tiny_tokenizer,
    "image_processor": lambda model, _: tiny_image_processor(model),
    "feature_extractor": lambda model, _: tiny_feature_extractor(model),
    "audio_processor": lambda model, _: tiny_feature_extractor(model),
}


class _WithoutVideo:
    """What lets a processor of the library go without its video processor, which needs torchvision."""

    def check_argument_for_proper_class(self, name: str, argument: Any) -> Any:
        """Check each part as the library does, but let the video processor be absent."""
        if name == "video_processor" and argument is None:
            return None
        return super().check_argument_for_proper_class(name, argument)  # type: ignore[misc]


def tiny_processor(model: Any) -> Any:
    """The processor of the model's type, for texts, images and sounds; `Unsupported` where there is none."""
    own = processor_class(model.config)
    if own.__name__ in UNFIT:
        raise Unsupported(f"{own.__name__} {UNFIT[own.__name__]}")
    still = type(own.__name__, (_WithoutVideo, own), {"__init__": own.__init__})
    names = _argument_names(own)
    parts = {name: PARTS[name](model, own) for name in names if name in PARTS}
    if "image_processor.image_seq_length" in inspect.getsource(own):
        parts["image_processor"].image_seq_length = image_rows(model, parts["image_processor"])
    settings = {name: _setting(name, model, own, parts) for name in names if name not in parts}
    absent = {"video_processor": None} if "video_processor" in names else {}
    return still(**parts, **{name: value for name, value in settings.items() if value is not None}, **absent)


def processor_class(config: Any) -> Any:
    """The class that the library maps the type to."""
    name = UNMAPPED.get(config.model_type) or mapped(config, PROCESSOR_MAPPING_NAMES, "processor")
    return getattr(transformers, name)


def image_rows(model: Any, image_processor: Any) -> int:
    """Rows that the language model gets of one tile of an image: asked of the model itself."""
    tower = model if hasattr(model, "get_image_features") else model.base_model
    if not hasattr(tower, "get_image_features"):
        return int(field(model.config, *QUERIES))
    made = image_processor(images=[blank()], return_tensors="pt").to(model.device)
    accepted = inspect.signature(tower.get_image_features).parameters
    with torch.no_grad():
        features = tower.get_image_features(**{n: v for n, v in made.items() if n in accepted})
    features = getattr(features, "pooler_output", features)
    if isinstance(features, list | tuple):
        features = torch.cat([rows.flatten(0, -2) for rows in features])
    tiles = math.prod(made["pixel_values"].shape[:-IMAGE_DIMENSIONS])
    return int(features.numel() // features.shape[-1] // tiles)


def _argument_names(own: Any) -> list[str]:
    """The constructor's arguments; where it names none, the parts that the class lists."""
    named = inspect.signature(own.__init__).parameters
    found = [name for name in named if name not in ("self", "args", "kwargs")]
    return found or list(getattr(own, "attributes", None) or own.get_attributes())


def _setting(name: str, model: Any, own: Any, parts: dict[str, Any]) -> Any:
    """The value of an argument that is no part, from the model, its tokenizer or its configuration."""
    if name in ("chat_template", "video_processor"):
        return None
    if name in COUNTS:
        return _count(model, parts["image_processor"])
    if name.endswith("tokenizer"):
        return tiny_tokenizer(model, own)
    if name.endswith("_token"):
        return getattr(parts["tokenizer"], name, None)
    if name in (counted := COUNTED.get(model.config.model_type, {})):
        return counted[name]
    return _of_config(name, model, parts)


def _of_config(name: str, model: Any, parts: dict[str, Any]) -> Any:
    """The value of an argument that a configuration has, or that follows from one."""
    clip = sub_config(model.config, VISION_TOWERS).model_type == "clip_vision_model"
    if name == "num_additional_image_tokens" and clip:
        return 1  # the class token, which no field counts
    found = field(model.config, RENAMED.get(name, name)) or UNSAID.get(name)
    if found is None and name == "patch_size":  # of a tower of convolutions: its stride
        return image_side(model.config)[0] // math.isqrt(image_rows(model, parts["image_processor"]))
    return found


def _count(model: Any, image_processor: Any) -> int:
    """Placeholders of a tile."""
    if model.config.model_type not in GRIDS:
        return image_rows(model, image_processor)
    tower = model.config.vision_config
    return int((tower.image_size // tower.patch_size) ** 2)
