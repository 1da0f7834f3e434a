"""The image-text-to-text pipeline looks for the prompt under input_ids or decoder_input_ids (image_text_to_text.py:391), and TrOCRProcessor, the processor of these models, calls the text labels: KeyError 'decoder_input_ids'."""

import numpy as np
import transformers as t
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

words = t.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0}, unk_token="a")))
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

processor = t.TrOCRProcessor(ViTImageProcessorPil(size={"height": 8, "width": 8}), words)
inputs = processor(images=np.zeros((8, 8, 3), dtype=np.uint8), text="a", return_tensors="pt")
print(list(inputs))
# ImageTextToTextPipeline._forward:
inputs["input_ids"] if "input_ids" in inputs else inputs["decoder_input_ids"]
