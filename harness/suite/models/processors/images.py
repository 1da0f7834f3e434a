"""A tiny image processor for any vision model: the class of its type, with the tiny model's sizes."""

import math
from typing import Any

import transformers
from PIL import Image
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES

from harness.suite.models.processors.configs import FAMILY, VISION_TOWERS, field, mapped, sub_config
from harness.suite.outcomes import Unsupported

IMAGE_SIZE = (64, 48)
"""Width and height of a pipeline's input: not square, so that swapped sides show."""
CHANNELS = 3
DEFAULT_SIDE = 64
"""Pixels a side, where the configuration names none."""
SIZES = ("size", "crop_size", "max_image_size", "min_image_size", "pad_size", "mask_size")
MIRRORED = ("patch_size", "merge_size", "spatial_merge_size", "temporal_patch_size", "num_channels")
"""Arguments of image processors that must say what the model's configuration says."""
LARGEST_SIDE = 2048
"""Past it the edges of a size are areas in pixels: Qwen2-VL's kind bound those, and keep the names."""
AREAS = {"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
PIXELS = {"min_pixels": 32 * 32, "max_pixels": 64 * 64}
"""The same bounds, under the names of others."""
SQUARE = ("lw_detr",)
"""Types whose checkpoints make each image square, unlike their processor's default: their windows need it."""
# Type → argument of its image processor → what its checkpoints say, where the configuration says nothing.
SAID = {"dots3_note": {"temporal_patch_size": 1}}
MOST_PATCHES = 64
"""Patches of an image for the kind that cuts it into as many as fit (Pix2Struct, KOSMOS-2.5)."""
PALETTE = [[level / 128 - 1] * 3 for level in range(0, 256, 16)]
"""Sixteen greys for ImageGPT, which reads each pixel as one colour of its palette."""


def tiny_image_processor(model: Any) -> Any:
    """The image processor of the model's type on the PIL backend; `Unsupported` where there is none."""
    image_class = image_processor_class(model.config)
    return image_class(**_arguments(image_class(), model.config))


def has_image_processor(config: Any) -> bool:
    """The library maps the type itself to an image processor, on whichever backend."""
    return bool(IMAGE_PROCESSOR_MAPPING_NAMES.get(FAMILY.get(config.model_type, config.model_type)))


def image_processor_class(config: Any) -> Any:
    """The class that the type is mapped to: in 5.x by backend, in 4.57 a slow one (on PIL) and a fast one."""
    entry = mapped(config, IMAGE_PROCESSOR_MAPPING_NAMES, "image processor")
    chosen = entry.get("pil") if isinstance(entry, dict) else entry[0]
    if chosen is None:
        raise Unsupported(f"the image processor of {config.model_type} has no PIL backend: needs torchvision")
    return getattr(transformers, chosen)


def blank() -> Image.Image:
    """A picture to count with, of the size of the pipelines' input."""
    return Image.new("RGB", IMAGE_SIZE)


def image_side(config: Any) -> tuple[int, int]:
    """Height and width that the vision tower takes."""
    if hasattr(config, "n_positions") and not hasattr(config, "image_size"):
        return (math.isqrt(config.n_positions),) * 2  # ImageGPT: a position a pixel
    side = field(sub_config(config, VISION_TOWERS), "image_size", "input_size")
    side = field(config, "image_size") if side is None else side
    if isinstance(side, dict):
        return int(side["height"]), int(side["width"])
    height, width = side if isinstance(side, list | tuple) else (side or DEFAULT_SIDE,) * 2
    return int(height), int(width)


def _arguments(default: Any, config: Any) -> dict[str, Any]:
    """What the tiny model's processor has otherwise than the default one."""
    height, width = image_side(config)
    arguments = {
        name: _sized(getattr(default, name), height, width)
        for name in SIZES
        if getattr(default, name, None) is not None
    }
    arguments |= {name: area for name, area in PIXELS.items() if getattr(default, name, None) is not None}
    vision = sub_config(config, VISION_TOWERS)
    for name in MIRRORED:
        value, given = field(vision, name), getattr(default, name, None)
        if isinstance(value, int) and given is not None:
            arguments[name] = value if isinstance(given, int) else {"height": value, "width": value}
    if config.model_type in SQUARE:
        arguments["size"] = {"height": height, "width": width}
    if (values := field(vision, "patch_embed_hidden_size")) and hasattr(default, "max_patches"):
        side = math.isqrt(values // CHANNELS)
        arguments |= {"patch_size": {"height": side, "width": side}, "max_patches": MOST_PATCHES}
    if (grid := field(config, "image_grid_pinpoints")) and hasattr(default, "image_grid_pinpoints"):
        arguments["image_grid_pinpoints"] = grid
    if hasattr(default, "high_res_size"):  # a second tower, SAM's, beside the first
        side = config.high_res_vision_config.image_size
        arguments["high_res_size"] = {"height": side, "width": side}
    if hasattr(default, "clusters"):
        arguments["clusters"] = PALETTE
    return arguments | SAID.get(config.model_type, {})


def _sized(default: Any, height: int, width: int) -> Any:
    """The default's keys with tiny values; beside a shortest edge, the longest leaves room for any shape."""
    if isinstance(default, int):
        return height
    pairs = {key: value for key, value in dict(default).items() if value is not None}
    if pairs.keys() <= AREAS.keys() and max(pairs.values()) > LARGEST_SIDE:
        return {key: AREAS[key] for key in pairs}
    longest = height if len(pairs) == 1 else 2 * height
    values = {
        "height": height,
        "width": width,
        "shortest_edge": min(height, width),
        "longest_edge": longest,
    }
    return {key: values.get(key, value) for key, value in pairs.items()}
