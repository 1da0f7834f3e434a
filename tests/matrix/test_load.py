"""matrix.json: the real one is sound, and everything wrong with another is said, with where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.errors import MatrixError
from harness.matrix import schema
from harness.matrix.load import find_root, load, problems
from harness.matrix.records import Matrix

Data = dict[str, Any]
Checkout = Callable[[Data | str], Path]


def test_the_real_matrix_has_no_problem() -> None:
    assert problems(find_root(Path(__file__))) == []


def test_the_real_matrix_has_a_row_a_line_in_order() -> None:
    lines = (find_root(Path(__file__)) / "matrix.json").read_text().splitlines()
    rows = [line for line in lines if line.startswith("    ")]
    assert all(line.startswith('    {"') and line.rstrip(",").endswith("}") for line in rows)


@pytest.mark.parametrize("rows", ["devices", "architectures", "models"])
def test_the_real_matrix_is_sorted_by_id(matrix: Matrix, rows: str) -> None:
    ids = [row.id for row in getattr(matrix, rows)]
    assert ids == sorted(ids)


def test_rows_become_records_that_cannot_change(matrix: Matrix) -> None:
    assert hash(matrix.device("cuda"))
    assert matrix.device("cuda").presence.paths == ("/dev/nvidiactl",)
    assert matrix.device("cpu").presence.paths == ()
    starcoder = next(model for model in matrix.models if model.id == "starcoder2_15b")
    assert starcoder.checkpoint is not None
    assert starcoder.checkpoint.config["num_hidden_layers"] == 40


def test_a_matrix_that_is_sound_elsewhere_loads_the_same(
    checkout: Checkout, data: Data, matrix: Matrix
) -> None:
    assert load(checkout(data)) == matrix


def _architecture(data: Data) -> None:
    data["models"][0]["architecture"] = "decodr-only"


def _unknown_property(data: Data) -> None:
    data["models"][0]["alias"] = []


def _missing_property(data: Data) -> None:
    del data["models"][0]["classes"]


def _other_class(data: Data) -> None:
    _failure(data, model_class="BertModell")


def _no_versions(data: Data) -> None:
    _failure(data, versions="transformers")


def _wrong_versions(data: Data) -> None:
    _failure(data, versions="transformers>=five")


def _no_release(data: Data) -> None:
    data["versions"][0]["transformers"] = "4.57.6.final"


def _release_twice(data: Data) -> None:
    data["versions"] *= 2


def _no_bounds(data: Data) -> None:
    data["versions"][0]["torch"] = "any"


def _failure_twice(data: Data) -> None:
    _failure(data)
    data["known_failures"] *= 2


def _tolerance_class(data: Data) -> None:
    data["tolerances"].append(data["tolerances"][0] | {"model_class": "BertMdel"})


def _family_of_none(data: Data) -> None:
    data["families"].append({"name": "berty", "model": "brt", "what": "a family of nothing"})


def _family_of_a_name(data: Data) -> None:
    data["families"].append({"name": "Ro-BERTa", "model": "bert", "what": "a family with a model's name"})


def _gone_and_there(data: Data) -> None:
    data["gone"].append({"name": "Bert", "became": "nothing, it is there", "reason": "it is not gone"})


def _gone_twice(data: Data) -> None:
    data["gone"].append(data["gone"][0])


def _image(data: Data) -> None:
    data["devices"][0] |= {"image": "gpu"}


def _variant_image(data: Data) -> None:
    data["devices"][0]["variants"][0] |= {"image": "gpu"}


def _same_variant(data: Data) -> None:
    data["devices"][0]["variants"][1] |= {"id": data["devices"][0]["variants"][0]["id"]}


def _evaluation(data: Data) -> None:
    data["devices"][0]["evaluation"] = "evl"


def _same_id(data: Data) -> None:
    data["models"][1]["id"] = "afmoe"


def _same_name(data: Data) -> None:
    data["models"][1]["aliases"] = ["B-E_R.T"]


def _absent_family(data: Data) -> None:
    data["architectures"] = [row for row in data["architectures"] if row["id"] != "speech"]


def _parity_dtype(data: Data) -> None:
    data["devices"][0]["parity"] = ["float16"]


def _tolerance_device(data: Data) -> None:
    data["tolerances"].append(data["tolerances"][0] | {"device": "cpux"})


def _tolerance_twice(data: Data) -> None:
    data["tolerances"].append(data["tolerances"][0])


def _tolerance_absent(data: Data) -> None:
    del data["tolerances"][0]


def _failure(data: Data, **changed: str) -> None:
    row = {"model": "bert", "check": "forward", "reason": "a reason of some length", "expires": "2027-01-31"}
    data["known_failures"] = [row | changed]


def _failure_model(data: Data) -> None:
    _failure(data, model="bertt")


def _failure_date(data: Data) -> None:
    _failure(data, expires="2027-02-30")


def _infinite(data: Data) -> None:
    data["tolerances"][0]["limit"] = float("inf")


def _no_base(data: Data) -> None:
    data["devices"][0]["base"] = None


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_architecture, "$.models[0].architecture: 'decodr-only' is not one of encoder-only, decoder-only"),
        (_architecture, "; did you mean 'decoder-only'?"),
        (_unknown_property, "$.models[0].alias: unknown property; did you mean 'aliases'?"),
        (_missing_property, "$.models[0]: 'classes' is missing"),
        (_image, "$.devices[0].image: there is no images/gpu/requirements.lock"),
        (_variant_image, "$.devices[0].variants[0].image: there is no images/gpu/requirements.lock"),
        (_same_variant, "$.devices[0].variants[1].id: 'compiler' is there already, at "),
        (_evaluation, "$.devices[0].evaluation: there is no variant 'evl'; did you mean 'eval'?"),
        (_same_id, "$.models[1].id: 'afmoe' is there already, at $.models[0].id"),
        (_same_name, "$.models[1]: 'B-E_R.T' is a name of the model 'bert' too"),
        (_absent_family, "there is no architecture 'speech'"),
        (_parity_dtype, ".parity: 'float16' is no dtype of 'cpu', which has float32, bfloat16"),
        (_tolerance_device, ".device: there is no device 'cpux'; did you mean"),
        (_tolerance_twice, "is there already, at $.tolerances[0]"),
        (_tolerance_absent, "$.tolerances: the check 'construct' has no row that holds for every"),
        (_failure_model, "$.known_failures[0].model: there is no model 'bertt'; did you mean 'bert'?"),
        (_failure_date, "$.known_failures[0].expires: '2027-02-30' is no date"),
        (_other_class, "$.known_failures[0].model_class: there is no class of 'bert' 'BertModell'; did you"),
        (_no_versions, "$.known_failures[0].versions: 'transformers' is no library with versions: write it"),
        (_wrong_versions, "$.known_failures[0].versions: 'transformers>=five' is no library with versions"),
        (_failure_twice, "is there already, at $.known_failures[0]"),
        (
            _no_release,
            "$.versions[0].transformers: '4.57.6.final' is no version: write it as pip does, 4.57.6",
        ),
        (_release_twice, "is there already, at $.versions[0].transformers"),
        (_no_bounds, "$.versions[0].torch: 'any' holds no bounds of a version: write >=2.2,<3"),
        (_tolerance_class, ".model_class: there is no class 'BertMdel'; did you mean 'BertModel'?"),
        (_family_of_none, ".model: there is no model 'brt'; did you mean 'bert'?"),
        (_family_of_a_name, ".name: 'Ro-BERTa' is a name of the model 'roberta'"),
        (_gone_and_there, ".name: 'Bert' is a name of the model 'bert'"),
        (_gone_twice, "is there already, at $.gone[0]"),
        (_infinite, "$.tolerances[0].limit: inf is not of type number"),
        (_no_base, "$.devices[0].base: None is not of type string"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(
    checkout: Checkout, data: Data, spoil: Callable[[Data], None], expected: str
) -> None:
    spoil(data)
    found = problems(checkout(data))
    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("matrix.json: $") for problem in found)


def test_a_wrong_value_is_one_problem_and_not_two(checkout: Checkout, data: Data) -> None:
    _architecture(data)
    assert len(problems(checkout(data))) == 1


def test_every_problem_is_said_at_once(checkout: Checkout, data: Data) -> None:
    _architecture(data)
    data["models"][1]["checkpoint"] = {"hub_id": "nothing"}
    data["devices"][0]["dtypes"] = ["int3"]
    assert [problem.split(": ")[1] for problem in problems(checkout(data))] == [
        "$.devices[0].dtypes[0]",
        "$.models[0].architecture",
        "$.models[1].checkpoint",
        "$.models[1].checkpoint.hub_id",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"devices": [}', "matrix.json: not JSON at line 1, column 14"),
        ("", "matrix.json: not JSON at line 1, column 1"),
        ("[]", "matrix.json: $: [] is not of type object"),
        ('{"models": [], "models": []}', "matrix.json: $: the key 'models' is there twice"),
        ('{"a": [{"b": {"id": 1, "id": 1}}]}', "matrix.json: $.a[0].b: the key 'id' is there twice"),
        ('{"tolerances": [{"limit": NaN}]}', "matrix.json: $.tolerances[0].limit: nan is not of type number"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "not JSON that can be read"),
    ],
)
def test_a_text_that_is_no_matrix_is_said_with_where(checkout: Checkout, text: str, expected: str) -> None:
    found = problems(checkout(text))
    assert any(expected in problem for problem in found), found


def test_bytes_that_are_not_utf8_are_one_sentence(checkout: Checkout) -> None:
    root = checkout("{}")
    (root / "matrix.json").write_bytes(b'{"\xff": 1}')
    assert problems(root) == ["matrix.json: not UTF-8 at byte 2: save it as UTF-8"]


def test_the_root_is_the_nearest_folder_with_a_matrix(checkout: Checkout) -> None:
    root = checkout("{}")
    assert find_root(root / "images" / "cpu") == root.resolve()


def test_no_matrix_above_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match=r"no matrix\.json in .* change to a checkout"):
        find_root(tmp_path)


def test_a_folder_in_place_of_the_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "matrix.json").mkdir()
    assert problems(tmp_path) == ["matrix.json: cannot be read: Is a directory"]


def test_an_alias_may_be_that_of_several_models_and_of_none_s_own(checkout: Checkout, data: Data) -> None:
    data["models"][0]["aliases"] = ["both-of-us"]
    data["models"][1]["aliases"] = ["BothOfUs"]
    assert problems(checkout(data)) == []


def test_a_text_that_passed_before_is_not_judged_by_the_schema_again(
    checkout: Checkout, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def judge(kind: Literal["matrix"], found: object) -> list[str]:
        judged.append(kind)
        return validate(kind, found)

    validate = schema.validate
    monkeypatch.setattr(schema, "validate", judge)
    root = checkout(data)
    assert load(root) == load(root)
    assert judged == ["matrix"]
    assert problems(root) == []
    assert judged == ["matrix"] * 2  # `harness matrix check` always asks
    data["models"][0]["tasks"] = []
    load(checkout(data))
    assert len(judged) == 3


def test_a_text_that_failed_is_judged_again(checkout: Checkout, data: Data) -> None:
    _architecture(data)
    root = checkout(data)
    for _ in range(2):
        with pytest.raises(MatrixError, match="decodr-only"):
            load(root)


def test_what_a_sound_text_refers_to_is_looked_for_each_time(checkout: Checkout, data: Data) -> None:
    root = checkout(data)
    load(root)
    (root / "images" / "cpu" / "requirements.lock").unlink()
    with pytest.raises(MatrixError, match=r"there is no images/cpu/requirements.lock"):
        load(root)


def test_a_cache_that_cannot_be_written_is_done_without(
    checkout: Checkout, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert load(checkout(data)) == load(checkout(data))
