"""Images and videos, in each of the layouts that models take, and what goes with them."""

import inspect
from collections.abc import Callable
from typing import Any

import torch

from harness.suite.models.inputs.context import VISION, Context
from harness.suite.models.inputs.rows import placed

GRID_ARGUMENTS = ("image_grid_thw", "grid_thw", "image_grid_hw", "grids")


def image_size(context: Context) -> tuple[int, int]:
    """Height and width in pixels."""
    if pinned := context.pins.get("image_size"):
        return (pinned, pinned) if isinstance(pinned, int) else tuple(pinned)
    node = context.node(VISION, "image_size")
    size = getattr(node, "image_size", None) if node is not None else None
    if isinstance(size, list | tuple):
        return int(size[0]), int(size[1])
    if isinstance(size, dict):
        return int(size["height"]), int(size["width"])
    return (int(size), int(size)) if isinstance(size, int) and size > 1 else (context.shape.image,) * 2


def channels(context: Context) -> int:
    """Channels of an image."""
    return context.number(
        VISION, "num_channels", "in_channels", "in_chans", "in_channel", "num_input_channels", default=3
    )


def image(context: Context, name: str) -> dict[str, Any]:
    """(1, channels, height, width)."""
    height, width = image_size(context)
    return {name: context.uniform(name, 1, channels(context), height, width)}


def tiles(context: Context, name: str) -> dict[str, Any]:
    """(1, tiles, channels, height, width): an image cut up, or several."""
    height, width = image_size(context)
    count = int(context.pins.get("tiles", 2))
    return {name: context.uniform(name, 1, count, channels(context), height, width)}


def frames(context: Context, name: str) -> dict[str, Any]:
    """(1, frames, channels, height, width)."""
    height, width = image_size(context)
    count = int(context.pins.get("frames", 0)) or context.number(
        VISION, "num_frames", "frames_per_clip", default=context.shape.frames
    )
    return {name: context.uniform(name, 1, count, channels(context), height, width)}


def grid(context: Context, name: str) -> dict[str, Any]:
    """(patches, channels × frames a patch × height × width).

    Patches of a grid, whose sides are another argument.
    """
    patch = context.number(VISION, "patch_size", "spatial_patch_size", default=8)
    merge = context.number(
        VISION, "spatial_merge_size", "merge_kernel_size", "merge_size", "downsample_ratio", default=2
    )
    depth = context.number(VISION, "temporal_patch_size", "patch_temporal", default=1)
    time = int(context.pins.get("video_time", 2)) if "video" in name else 1
    side = int(context.pins.get("grid", 2 * max(merge, 1)))
    values = context.uniform(name, time * side * side, channels(context) * depth * patch * patch)
    return {name: values} | _grid_arguments(context, name, time, side)


def _grid_arguments(context: Context, name: str, time: int, side: int) -> dict[str, Any]:
    beside = ("video_grid_thw",) if "video" in name else GRID_ARGUMENTS
    return {
        argument: torch.tensor([[side, side]] if argument.endswith("_hw") else [[time, side, side]])
        for argument in beside
        if context.takes(argument)
    }


def patches(context: Context, name: str) -> dict[str, Any]:
    """(1, patches, channels × height × width): patches of one image, padded to a number of them.

    Of a video, (frames, …).
    """
    patch = context.number(VISION, "patch_size", default=8)
    side = int(context.pins.get("grid", 4))
    count = context.shape.frames if "video" in name else 1
    return {name: context.uniform(name, count, side * side, channels(context) * patch * patch)}


def positions(context: Context, count: int) -> torch.Tensor:
    """(count, patches, 2): column and row of each patch of a square."""
    side = int(context.pins.get("grid", 4))
    places = torch.arange(side * side)
    return torch.stack([places % side, places // side], dim=-1).expand(count, -1, -1).clone()


def stack(context: Context, name: str) -> dict[str, Any]:
    """(patches, channels, height, width): patches of a grid as small images."""
    made = grid(context, name)
    patch = context.number(VISION, "patch_size", default=8)
    return made | {name: made[name].reshape(len(made[name]), -1, patch, patch)}


LAYOUTS: dict[str, Callable[[Context, str], dict[str, Any]]] = {
    "grid": grid,
    "stack": stack,
    "image": image,
    "tiles": tiles,
    "frames": frames,
    "patches": patches,
}
"""How pixels are laid out, in the order in which they are tried."""


VIDEO_COMPANIONS = {
    "image_sizes_videos": "image_sizes",
    "video_position_ids": "image_position_ids",
    "num_frames_per_video": "num_frames_per_video",
}
"""What forward calls the companions of a video → what it is called here."""


def companions(context: Context, name: str) -> dict[str, Any]:
    """What goes with the pixels: sizes, masks, positions."""
    pixels = context.made[name]
    height, width = (int(side) for side in pixels.shape[-2:])
    side = int(context.pins.get("grid", 4))
    makers: dict[str, Callable[[], Any]] = {
        "image_sizes": lambda: torch.tensor([[height, width]]),
        "pixel_mask": lambda: torch.ones(
            1,
            *((height, width) if pixels.dim() < 5 else (*pixels.shape[1:2], height, width)),
            dtype=torch.long,
        ),
        "pixel_attention_mask": lambda: torch.ones(
            *(pixels.shape[:2] if pixels.dim() == 3 else (*pixels.shape[:-3], height, width)),
            dtype=torch.long,
        ),
        "spatial_shapes": lambda: torch.tensor([[side, side]]),
        "target_sizes": lambda: torch.tensor([[side, side]]),
    }
    if context.styles.get("video" if "video" in name else "image") == "patches":
        makers |= {
            key: lambda: positions(context, len(pixels))
            for key in ("image_position_ids", "pixel_position_ids")
        }
        makers["num_frames_per_video"] = lambda: torch.tensor([len(pixels)])
    wanted = VIDEO_COMPANIONS if "video" in name else {key: key for key in makers if "video" not in key}
    return {
        key: makers[source]()
        for key, source in wanted.items()
        if source in makers
        and context.takes(key)
        and key not in context.made
        and _asked_for(context, key, "video" if "video" in name else "image")
    }


def _asked_for(context: Context, argument: str, modality: str) -> bool:
    """Whether the extraction of features insists on sizes.

    Llava's forward takes them, and hands them to Pixtral only.
    """
    extract = extractor(context.model, f"get_{modality}_features")
    if argument != "image_sizes" or extract is None:
        return True
    parameter = inspect.signature(extract).parameters.get(argument)
    return parameter is not None and parameter.default is parameter.empty


def extractor(model: Any, method: str) -> Any:
    """The model's own method of that name, or its base model's; None where neither has it."""
    # The base model's first: the head's hands on what it is given, and does not always name all of it.
    base = getattr(model, "model", None) or getattr(model, "vlm", None)
    return getattr(base, method, None) or getattr(model, method, None)


def feature_rows(context: Context, method: str) -> int:
    """Rows that the model's own `get_…_features` makes of what was made.

    As many placeholders stand in the text.
    """
    extract = extractor(context.model, method)
    if extract is None:
        return 0
    accepted = inspect.signature(extract).parameters
    device = next(context.model.parameters()).device
    given = {k: placed(v, device, context.model.dtype) for k, v in context.made.items() if k in accepted}
    # Transformers 4 leaves it to forward to read the rest from the configuration.
    configs = (context.config, getattr(context.config, "vision_config", None))
    for name, parameter in accepted.items():
        owners = [config for config in configs if hasattr(config, name)]
        if parameter.default is parameter.empty and name not in given and owners:
            given[name] = getattr(owners[0], name)
    with torch.no_grad():
        try:
            found = extract(**given, return_dict=True)
        except TypeError:
            found = extract(**given)
    return _rows(found)


def _rows(found: Any) -> int:
    if hasattr(found, "keys"):
        pooled = found.get("pooler_output")
        found = pooled if pooled is not None else found[next(iter(found.keys()))]
    if isinstance(found, torch.Tensor):
        return int(found.shape[:-1].numel()) if found.dim() > 1 else 1
    if isinstance(found, list | tuple) and found and isinstance(found[0], torch.Tensor):
        # Models that return (features, lengths) pairs or outputs of their parts beside the features, and
        # those that return one tensor an image.
        tensors = (entry for entry in found if isinstance(entry, torch.Tensor))
        return sum(_rows(entry) for entry in tensors if entry.is_floating_point())
    if isinstance(found, list | tuple) and found:
        return _rows(found[0])  # the features, and beside them what goes to deeper layers
    return 0
