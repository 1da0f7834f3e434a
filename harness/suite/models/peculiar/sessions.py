"""Rows of model types that track objects through a video, in a session that remembers its frames."""

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

ROWS: dict[str, Row] = {
    "EdgeTamVideoModel": Row(
        reason=(
            "forward reads a session that remembers what it saw; what it runs for a frame and for its "
            "memory are run by themselves"
        ),
        fields={
            "image_size": 64,
            "prompt_encoder_config.image_size": 64,
            "prompt_encoder_config.patch_size": 16,
            "memory_attention_rope_feat_sizes": [4, 4],
            # More than one window fails for more than one row, which the library never asks for.
            "memory_attention_rope_k_sizes": [1, 1],
            "perceiver_resampler_num_latents": 4,
            "perceiver_resampler_num_latents_2d": 1,
            "perceiver_resampler_attention_head_dim": 64,
        },
        entry=("_single_frame_forward", "memory_encoder", "spatial_perceiver", "memory_attention"),
        inputs={
            "arguments": {
                "_single_frame_forward.pixel_values": lambda c: c.uniform("pixel_values", 1, 3, 64, 64),
                "_single_frame_forward.input_points": lambda c: (
                    32 + 32 * c.uniform("input_points", 1, 1, 2, 2)
                ),
                "_single_frame_forward.input_labels": lambda _: torch.ones(1, 1, 2, dtype=torch.int),
                "memory_encoder.vision_features": lambda c: c.uniform("vision_features", 1, 64, 4, 4),
                "memory_encoder.masks": lambda c: c.uniform("masks", 1, 1, 64, 64),
                "spatial_perceiver.hidden_states": lambda c: c.uniform("perceived", 1, 64, 4, 4),
                "spatial_perceiver.positional_encoding": lambda c: c.uniform("places", 1, 64, 4, 4),
                "memory_attention.current_vision_features": lambda c: c.uniform("current", 16, 1, 64),
                "memory_attention.current_vision_position_embeddings": lambda c: c.uniform(
                    "current_places", 16, 1, 64
                ),
                "memory_attention.memory": lambda c: c.uniform("memory", 2 * 5 + 4, 1, 64),
                "memory_attention.memory_posision_embeddings": lambda c: c.uniform(
                    "memory_places", 2 * 5 + 4, 1, 64
                ),
                "memory_attention.num_object_pointer_tokens": 4,
                "memory_attention.num_spatial_memory_tokens": 2,
            },
            "joined": {
                "memory_attention.current_vision_features": 1,
                "memory_attention.current_vision_position_embeddings": 1,
                "memory_attention.memory": 1,
                "memory_attention.memory_posision_embeddings": 1,
            },
        },
    ),
}
