"""Both ways of writing a configuration class are read alike: as a dataclass, and with an `__init__`."""

from typing import Any, ClassVar

import transformers

from harness.suite.models.fields import is_config, own_values, raw_fields, sub_configs
from harness.suite.models.tiny import tiny_config


class Tower(transformers.PretrainedConfig):
    """Written as 4.57 writes them."""

    model_type = "tower_of_the_tests"

    def __init__(self, hidden_size: int = 768, layers: int = 12, **kwargs: Any) -> None:
        self.hidden_size = hidden_size
        self.num_hidden_layers = layers
        super().__init__(**kwargs)


class Whole(transformers.PretrainedConfig):
    """The same with a part."""

    model_type = "whole_of_the_tests"
    sub_configs: ClassVar[dict[str, Any]] = {"vision_config": Tower}

    def __init__(
        self, vision_config: Any = None, projection_dim: int = 512, scale: float | None = None, **kwargs: Any
    ) -> None:
        given = vision_config if isinstance(vision_config, dict) else {}
        self.vision_config = (
            vision_config if isinstance(vision_config, Tower) else Tower(**_less(given, "model_type"))
        )
        self.projection_dim = projection_dim
        self.scale = scale
        super().__init__(**kwargs)


def _less(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def test_a_plain_class_has_the_fields_of_its_init() -> None:
    own = {"vision_config": None, "projection_dim": 512, "scale": None}
    assert own.items() <= raw_fields(Whole).items()
    assert "kwargs" not in raw_fields(Whole)
    assert raw_fields(Tower)["hidden_size"] == 768


def test_a_dataclass_has_its_own_and_its_base_s_with_their_raw_defaults() -> None:
    llama: Any = transformers.LlamaConfig
    assert hasattr(llama, "__dataclass_fields__"), (
        "this release writes plain classes: the test above is of them"
    )
    found = raw_fields(llama)
    assert found["hidden_size"] == 4096
    assert found["num_key_value_heads"] is None  # which the class derives from the heads
    assert llama().num_key_value_heads == 32


def test_the_parts_of_a_configuration_are_found_by_name() -> None:
    assert sub_configs(Whole()).keys() == {"vision_config"}
    assert sub_configs(Tower()) == {}
    assert sub_configs(transformers.CLIPConfig()).keys() == {"text_config", "vision_config"}
    assert is_config(Tower())
    assert not is_config({"model_type": "x"})


def test_the_values_of_an_instance_leave_its_parts_out() -> None:
    values = own_values(Whole(projection_dim=7))
    assert values["projection_dim"] == 7
    assert "vision_config" not in values


def test_a_plain_class_is_shrunk_with_its_parts() -> None:
    tiny = tiny_config(Whole)
    assert (tiny.projection_dim, tiny.scale) == (64, None)
    assert isinstance(tiny.vision_config, Tower)
    assert tiny.vision_config.hidden_size == 64


def test_stages_put_out_are_set_by_their_indices_alone() -> None:
    """Their names say the same again, and go wrong in a stack that is shorter."""
    found = raw_fields(transformers.ResNetConfig)
    assert "out_indices" in found
    assert not {"_out_indices", "out_features", "_out_features"} & found.keys()
