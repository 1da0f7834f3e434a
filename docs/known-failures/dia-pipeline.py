"""The automatic-speech-recognition pipeline passes return_attention_mask=True to the feature extractor, which DiaFeatureExtractor.__call__ does not take: TypeError."""

import numpy as np
import transformers as t

extractor = t.DiaFeatureExtractor()
sound = np.zeros(16000, dtype=np.float32)
rate = extractor.sampling_rate
print("by itself:", list(extractor(sound, sampling_rate=rate, return_tensors="pt")))
# As AutomaticSpeechRecognitionPipeline.preprocess calls it:
extractor(sound, sampling_rate=rate, return_tensors="pt", return_attention_mask=True)
