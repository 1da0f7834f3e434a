"""MimiEuclideanCodebook caches its codebook in the plain attribute _embed, which a later .to(bfloat16) does not cast: after one forward in float32 the model cannot run in bfloat16 (conv_transpose1d of float and bfloat16)."""

import torch, transformers as t
m=t.MimiModel(t.MimiConfig(num_hidden_layers=1,num_filters=4)).eval(); x=torch.randn(1,1,3840)
with torch.no_grad(): m(x); m.bfloat16()(x.bfloat16())
