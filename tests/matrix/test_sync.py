"""The matrix after a release of transformers: new, changed, left; what people wrote stays."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.layout import text
from harness.matrix.load import find_root, load_data, loaded
from harness.matrix.sync import row_id, sync

Data = dict[str, Any]
ROOT = find_root(Path(__file__))


def catalogue(release: str, **types: str) -> Data:
    """A catalogue of these types, each with its classes, space between."""
    return {
        "transformers": release,
        "types": {
            name.replace("__", "-"): {
                "architecture": "encoder-only",
                "names": ["Nick Name"] if name.startswith("nick") else [],
                "tasks": ["fill-mask"],
                "classes": {kind: {} for kind in classes.split()},
            }
            for name, classes in types.items()
        },
    }


def matrix(release: str | None, *rows: Data) -> Data:
    return {"$schema": "s", "models": list(rows), "families": [], "gone": []} | (
        {"transformers": release} if release else {}
    )


def row(name: str, *classes: str, **more: Any) -> Data:
    kind = {"id": name, "model_type": name, "architecture": "encoder-only", "classes": list(classes)}
    return kind | {"tasks": ["fill-mask"]} | more


def ids(data: Data) -> list[str]:
    return [row["id"] for row in data["models"]]


def test_the_type_of_a_checkpoint_s_own_code_was_never_the_library_s() -> None:
    own = row("mine", "MineModel", checkpoint={"config": {}, "remote_code": True})
    new, changes = sync(matrix("5.0.0", own), catalogue("5.1.0"))
    assert not changes
    assert new["models"] == [own]


def test_a_type_that_the_matrix_lacks_has_a_row() -> None:
    new, changes = sync(
        matrix("5.0.0", row("b", "BModel")), catalogue("5.1.0", b="BModel", a__c="AHead AModel")
    )
    assert changes.added == ["a_c"]
    assert ids(new) == ["a_c", "b"]
    assert new["models"][0] == {
        "id": "a_c",
        "model_type": "a-c",
        "architecture": "encoder-only",
        "classes": ["AHead", "AModel"],
        "tasks": ["fill-mask"],
    }
    assert new["transformers"] == "5.1.0"


def test_what_people_wrote_stays_and_what_the_library_knows_follows_it() -> None:
    written = {"priority": "critical", "aliases": ["bee"], "checkpoint": None}
    old = row("nick", "NickModel", "NickOld", **written)
    new, changes = sync(matrix("5.0.0", old), catalogue("5.1.0", nick="NickHead NickModel"))
    assert changes.changed == ["nick"]
    (found,) = new["models"]
    assert found["classes"] == ["NickModel", "NickHead"]  # the principal class was somebody's choice
    assert (found["priority"], found["aliases"]) == ("critical", ["bee", "Nick Name"])


def test_a_type_that_left_is_marked_with_the_release_and_one_that_is_back_is_not() -> None:
    before = matrix("5.0.0", row("a", "AModel"), row("b", "BModel", left="4.9"))
    new, changes = sync(before, catalogue("5.1.0", b="BModel"))
    assert (changes.left, changes.back) == (["a"], ["b"])
    assert [found.get("left") for found in new["models"]] == ["5.1.0", None]
    again, none = sync(new, catalogue("5.2.0", b="BModel"))
    assert not none.left
    assert again["models"] == new["models"]


def test_an_older_release_adds_what_it_alone_has_and_touches_nothing_else() -> None:
    before = matrix("5.1.0", row("a", "AModel"), row("b", "BModel"))
    new, changes = sync(before, catalogue("4.57.6", b="BOther", c="CModel"))
    assert (changes.added, changes.changed, changes.left) == (["c"], [], [])
    assert new["models"] == [*before["models"], row("c", "CModel", left="5.1.0")]
    assert new["transformers"] == "5.1.0"


def test_a_checkpoint_s_row_is_no_row_of_its_type_and_leaves_with_it() -> None:
    checkpoint = row("big", "AModel", checkpoint={"hub_id": "o/big", "config": {}}) | {"model_type": "a"}
    new, changes = sync(matrix("5.0.0", checkpoint), catalogue("5.1.0", a="AHead AModel"))
    assert (changes.added, changes.changed) == (["a"], [])
    assert new["models"][1]["classes"] == ["AModel"]
    _, changes = sync(new, catalogue("5.2.0"))
    assert changes.left == ["a", "big"]


def test_a_name_that_a_type_takes_is_a_family_or_gone_no_more() -> None:
    before = matrix("5.0.0", row("a", "AModel")) | {
        "families": [{"name": "B", "model": "a"}],
        "gone": [{"name": "c-d"}, {"name": "e"}],
    }
    new, _ = sync(before, catalogue("5.1.0", a="AModel", b="BModel", c__d="CModel"))
    assert (new["families"], new["gone"]) == ([], [{"name": "e"}])


def test_a_library_name_that_is_another_row_s_own_is_no_alias() -> None:
    new, _ = sync(matrix("5.0.0", row("nick_name", "N")), catalogue("5.1.0", nick_name="N", nicky="M"))
    assert "aliases" not in new["models"][1]


types = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["X", "X Y", "Y X"]), max_size=8)
releases = st.sampled_from(["4.57.6", "5.0.0", "5.23.0"])


@given(types, releases, types, releases)
def test_twice_is_once(one: dict[str, str], first: str, two: dict[str, str], second: str) -> None:
    old, _ = sync(matrix(None), catalogue(first, **one))
    new, _ = sync(old, catalogue(second, **two))
    again, none = sync(new, catalogue(second, **two))
    assert not none
    assert text(again) == text(new)
    assert set(ids(new)) >= set(one) | set(two)  # nobody is ever lost


def test_the_real_matrix_after_a_release_without_bert_is_sound() -> None:
    data = load_data(ROOT)
    entries = {
        found["model_type"]: {"tasks": []}
        | found
        | {"names": [], "classes": {name: {} for name in found["classes"]}}
        for found in data["models"]
        if found["model_type"] != "bert" and not found.get("checkpoint")
    }
    kept = {
        found["model_type"]: {
            "architecture": found["architecture"],
            "names": [],
            "tasks": [],
            "classes": {"M": {}},
        }
        for found in data["models"]
        if found["model_type"] != "bert" and found.get("checkpoint")
    }
    new, changes = sync(data, {"transformers": "99.0", "types": kept | entries})
    assert changes.left == [found["id"] for found in data["models"] if found["model_type"] == "bert"]
    assert {"bert", "scibert_base"} <= set(changes.left)
    loaded(new, ROOT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("deberta-v2", "deberta_v2"), ("kosmos-2.5", "kosmos_2_5"), ("EvollaModel", "evollamodel")],
)
def test_ids_are_words_joined(name: str, expected: str) -> None:
    assert row_id(name) == expected
