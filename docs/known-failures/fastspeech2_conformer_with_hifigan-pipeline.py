"""The text-to-audio pipeline answers with sampling_rate None: TextToAudioPipeline looks for it in the configuration and in codec_config, and neither FastSpeech2ConformerWithHifiGanConfig nor its vocoder_config (FastSpeech2ConformerHifiGanConfig) has the field."""

import transformers as t

c = t.FastSpeech2ConformerWithHifiGanConfig()
print("in the configuration:", "sampling_rate" in c.to_dict(), "sampling_rate" in c.vocoder_config.to_dict())
m = t.FastSpeech2ConformerWithHifiGan(c)
pipe = t.TextToAudioPipeline(model=m, tokenizer=t.PreTrainedTokenizerFast)
print("the pipeline's:", pipe.sampling_rate)
assert pipe.sampling_rate is not None
