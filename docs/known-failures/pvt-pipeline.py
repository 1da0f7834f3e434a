"""The image-classification pipeline ends in TypeError: 'NoneType' object is not subscriptable: PvtConfig redefines num_labels as a field of its own, and id2label stays None."""

from transformers import PvtConfig
assert PvtConfig().id2label is not None
