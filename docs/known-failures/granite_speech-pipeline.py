"""The automatic-speech-recognition pipeline passes sampling_rate to the feature extractor, which GraniteSpeechFeatureExtractor.__call__ does not take: TypeError."""

import torch
import transformers as t

extractor = t.GraniteSpeechFeatureExtractor()
sound = torch.zeros(16000)
print("by itself:", list(extractor(sound)))
# As AutomaticSpeechRecognitionPipeline.preprocess calls it:
extractor(sound, sampling_rate=16000, return_tensors="pt")
