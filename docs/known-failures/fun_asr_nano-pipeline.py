"""The automatic-speech-recognition pipeline gives generate the features under the name of main_input_name, which FunAsrNanoForConditionalGeneration leaves at input_ids: the sound is taken for tokens, so that the embedding is asked for a float."""

import transformers as t

print(t.FunAsrNanoForConditionalGeneration.main_input_name)
assert t.FunAsrNanoForConditionalGeneration in t.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING.values() or t.FunAsrNanoForConditionalGeneration in t.MODEL_FOR_MULTIMODAL_LM_MAPPING.values()
# AutomaticSpeechRecognitionPipeline._forward: generate(**{main_input_name: features, …})
assert t.FunAsrNanoForConditionalGeneration.main_input_name != "input_ids"
