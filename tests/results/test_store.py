"""The folder of a run: nothing written is lost, and what is torn is said."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RecordError, ResultsError
from harness.matrix.cells import Cell
from harness.results.record import Outcome, Result
from harness.results.store import Manifest, RunStore, find, runs

MakeResult = Callable[..., Result]

MANIFEST = Manifest(
    run="run",
    command=("harness", "run"),
    started="2026-11-21T03:15:00Z",
    finished="2026-11-21T03:16:00Z",
    cells=1,
    results=1,
    outcomes={"passed": 1},
    exit_code=0,
)


@pytest.fixture
def store(tmp_path: Path, cells: dict[str, Cell]) -> RunStore:
    return RunStore.create(tmp_path / "results", "run", [cells["bert functional"], cells["vit throughput"]])


def test_what_was_planned_is_read_back(store: RunStore, cells: dict[str, Cell]) -> None:
    assert RunStore(store.folder).cells() == (cells["bert functional"], cells["vit throughput"])


def test_results_are_read_back_in_order(store: RunStore, make_result: MakeResult) -> None:
    wanted = tuple(make_result(name) for name in ("bert functional", "vit throughput"))
    for result in wanted:
        store.append(result)
    read, warnings = store.read()
    assert [result.to_json()["report"] for result in read] == [
        result.to_json()["report"] for result in wanted
    ]
    assert [Cell.from_json(result.cell) for result in read] == [
        Cell.from_json(result.cell) for result in wanted
    ]
    assert warnings == ()


def test_a_run_without_a_result_yet_is_empty(store: RunStore) -> None:
    assert store.read() == ((), ())


def test_a_later_result_of_a_cell_wins(store: RunStore, make_result: MakeResult) -> None:
    store.append(make_result(outcome=Outcome.CRASHED, message="signal 9"))
    store.append(replace(make_result(), attempt=2))
    (result,) = store.read().results
    assert (result.attempt, result.outcome) == (2, Outcome.PASSED)


def test_a_torn_last_line_is_reported_and_the_rest_is_read(store: RunStore, make_result: MakeResult) -> None:
    store.append(make_result())
    with (store.folder / "results.jsonl").open("ab") as file:
        file.write(b'{"version": 1, "run": "ru')
    read, warnings = store.read()
    assert len(read) == 1
    assert len(warnings) == 1
    assert "results.jsonl, line 2 is torn" in warnings[0]


def test_a_result_after_a_tear_is_not_glued_to_it(store: RunStore, make_result: MakeResult) -> None:
    with (store.folder / "results.jsonl").open("ab") as file:
        file.write(b'{"torn')
    store.append(make_result())
    read, warnings = store.read()
    assert len(read) == 1
    assert len(warnings) == 1
    assert "line 1 is not JSON" in warnings[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"not json", "line 2 is not JSON"),
        (b"\xff\xfe\x00", "line 2 is not JSON"),
        (b"[" * 100_000, "line 2 is not JSON"),
        (b"[]", "line 2 is no result record: $: [] is not of type object"),
        (b'{"version": 7}', "line 2 is no result record: $: 'run' is missing"),
    ],
)
def test_an_invalid_line_is_left_out_and_named(
    store: RunStore, make_result: MakeResult, line: bytes, expected: str
) -> None:
    store.append(make_result("bert functional"))
    with (store.folder / "results.jsonl").open("ab") as file:
        file.write(line + b"\n")
    store.append(make_result("vit throughput"))
    read, warnings = store.read()
    assert len(read) == 2
    assert len(warnings) == 1
    assert expected in warnings[0]


def test_a_record_that_breaks_its_schema_is_not_written(store: RunStore, make_result: MakeResult) -> None:
    with pytest.raises(RecordError, match=r"report\.seconds: nan is not of type number"):
        store.append(make_result(seconds=float("nan")))
    assert store.read() == ((), ())


def test_a_manifest_is_read_back_and_completes_the_run(store: RunStore) -> None:
    (before,) = runs(store.folder.parent)
    store.finish(MANIFEST)
    (after,) = runs(store.folder.parent)
    assert (before.manifest, after.manifest) == (None, MANIFEST)
    assert sorted(path.name for path in store.folder.iterdir()) == ["cells.json", "run.json"]


def test_a_run_that_goes_on_has_not_come_to_its_end(store: RunStore) -> None:
    store.finish(MANIFEST)
    store.go_on()
    assert store.manifest() is None
    store.go_on()  # one that was interrupted had none


def test_a_spoiled_manifest_is_reported_and_the_run_listed(store: RunStore) -> None:
    (store.folder / "run.json").write_text("{}")
    (entry,) = runs(store.folder.parent)
    assert entry.manifest is None
    assert "run.json is no run record: $: 'version' is missing" in entry.warning


def test_runs_are_listed_newest_first_and_other_folders_left_out(tmp_path: Path) -> None:
    for run in ("20261121T031500Z-a-cpu-0000", "20261122T031500Z-a-cpu-0000", "20251121T031500Z-a-cpu-0000"):
        RunStore.create(tmp_path, run, [])
    (tmp_path / "notes").mkdir()
    listed = [entry.store.run[:8] for entry in runs(tmp_path)]
    assert listed == ["20261122", "20261121", "20251121"]
    assert find(tmp_path).run.startswith("20261122")
    assert find(tmp_path, "20251121T031500Z-a-cpu-0000").run.startswith("20251121")
    with pytest.raises(ResultsError, match="there is no run 'x' in"):
        find(tmp_path, "x")


def test_no_results_folder_is_no_run(tmp_path: Path) -> None:
    assert runs(tmp_path / "none") == ()
    with pytest.raises(ResultsError, match=r"there is no run in .* start one"):
        find(tmp_path / "none")


def test_a_run_of_the_same_name_is_refused(store: RunStore) -> None:
    with pytest.raises(ResultsError, match="cannot be made: File exists; a run of that name"):
        RunStore.create(store.folder.parent, "run", [])


def test_a_file_in_place_of_the_results_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(ResultsError, match="cannot be made: Not a directory; a file stands where"):
        RunStore.create(tmp_path / "results", "run", [])


def test_a_full_disk_is_one_sentence_and_keeps_what_was_written(
    store: RunStore, make_result: MakeResult
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    (store.folder / "results.jsonl").symlink_to(full)
    with pytest.raises(ResultsError, match="No space left on device; free some space"):
        store.append(make_result())
    (store.folder / f".run.json.{os.getpid()}").symlink_to(full)
    with pytest.raises(ResultsError, match="No space left on device"):
        store.finish(MANIFEST)
    assert store.manifest() is None
    assert len(store.cells()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(store: RunStore, make_result: MakeResult) -> None:
    store.folder.chmod(0o500)
    with pytest.raises(ResultsError, match="Permission denied; give yourself permission"):
        store.append(make_result())


def test_a_folder_that_went_away_is_one_sentence(tmp_path: Path, make_result: MakeResult) -> None:
    with pytest.raises(ResultsError, match=r"results\.jsonl cannot be written: No such file"):
        RunStore(tmp_path / "gone").append(make_result())


def test_lines_are_ascii_json(store: RunStore, make_result: MakeResult) -> None:
    store.append(make_result(message="\ud800 lone, µ"))
    text = (store.folder / "results.jsonl").read_bytes()
    assert text.isascii()
    assert json.loads(text)["report"]["message"] == "\ud800 lone, µ"
