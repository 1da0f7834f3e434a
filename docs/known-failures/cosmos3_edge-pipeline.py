"""The model demands mm_token_type_ids beside an image (ValueError in _prepare_position_ids_for_generation), and Cosmos3EdgeProcessor does not return them unless asked: return_mm_token_type_ids is False where kindred processors (Qwen2-VL) have True; the image-text-to-text pipeline does not ask."""

import transformers as t
from transformers.models.cosmos3_edge.processing_cosmos3_edge import Cosmos3EdgeProcessor

print(t.Qwen2VLProcessor.return_mm_token_type_ids, Cosmos3EdgeProcessor.return_mm_token_type_ids)
assert Cosmos3EdgeProcessor.return_mm_token_type_ids
