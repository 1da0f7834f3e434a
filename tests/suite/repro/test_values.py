"""Values as Python text."""

import transformers
from transformers import GenerationConfig

from harness.suite.repro.values import written


def test_a_generation_configuration_comes_back_with_fields_that_only_its_model_knows() -> None:
    given = GenerationConfig(composer_to_feature_token={"composer1": 0}, eos_token_id=1)
    again = eval(written(given), {"transformers": transformers})
    assert again.to_diff_dict() == given.to_diff_dict()
