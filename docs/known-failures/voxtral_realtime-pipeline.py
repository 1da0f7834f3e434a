"""The automatic-speech-recognition pipeline gives generate the features under the name of main_input_name, which VoxtralRealtimeForConditionalGeneration leaves at input_ids: the sound is taken for tokens, so that forward misses its input_features."""

import transformers as t

print(t.VoxtralRealtimeForConditionalGeneration.main_input_name)
assert t.VoxtralRealtimeForConditionalGeneration in t.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING.values() or t.VoxtralRealtimeForConditionalGeneration in t.MODEL_FOR_MULTIMODAL_LM_MAPPING.values()
# AutomaticSpeechRecognitionPipeline._forward: generate(**{main_input_name: features, …})
assert t.VoxtralRealtimeForConditionalGeneration.main_input_name != "input_ids"
