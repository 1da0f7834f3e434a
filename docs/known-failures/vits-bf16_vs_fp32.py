"""The inverse of the rational-quadratic spline computes a discriminant that rounding in bfloat16 makes negative, and raises."""

import torch, transformers as t
torch.manual_seed(0); m=t.VitsModel(t.VitsConfig()).eval().bfloat16()
for _ in range(20): m(input_ids=torch.randint(1,38,(1,24)))
