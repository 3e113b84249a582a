"""`swap --dry-run` says what a swap would do, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.clips.test_relink import search
from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.errors import ClipMissing
from understudy.events import Notice
from understudy.facesets.extraction.found import found_path
from understudy.files import write_json
from understudy.jobs import stages
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap_outlook import swap_outlook
from understudy.project.project import Project
from understudy.training.steering.plan import Plan


def _says(request: SwapRequest) -> list[str]:
    return [event.text for event in swap_outlook(request) if isinstance(event, Notice)]


def _files(folder: Path) -> dict[Path, bytes]:
    """All that is kept; caches and locks are made by whoever looks."""
    found = (path for path in folder.rglob("*") if path.is_file() and "cache" not in path.parts)
    return {path: path.read_bytes() for path in found if path.suffix not in (".lock", ".sqlite")}


def test_of_a_new_project_every_stage_is_foretold_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    src, dst, out = write_wall(tmp_path / "a.mp4"), write_wall(tmp_path / "b.mp4"), tmp_path / "new" / "out.mp4"
    words = ["swap", str(src), str(dst), "-o", str(out), "--device", "cpu", "--minutes", "3", "--dry-run"]
    before = _files(tmp_path)
    assert main(words) == 0
    assert _files(tmp_path) == before and not out.parent.exists()
    told = capsys.readouterr().out
    assert f"Would make the project {out.with_suffix('.understudy')}." in told
    assert "extract: would look for faces in a (3 frames) and b (3 frames)." in told
    assert "train: would train model 'main' (new, preset quick) for 3 minutes; about " in told
    assert " free on cpu, batch size " in told and " s an iteration, about " in told
    assert "merge: would paint all frames with a face of b (3 frames)." in told
    assert f"encode: would write {out}." in told and "Nothing was changed." in told
    assert "recorded whether src and dst agreed" in told


def test_of_a_project_what_is_done_is_told_and_frames_are_looked_at_as_a_merge_does(ready: Project) -> None:
    for clip in ("src", "dst"):
        search(ready, clip)
        with found_path(ready.cache_folder, clip).open("a") as log:
            log.write('{"searched": [0, 3, 1]}\n')
    list(stages.merge(ready, "main", said={}, device="cpu"))
    plan = Plan(minutes=None, iterations=7, done_iterations=7)
    write_json(
        ready.model_folder("main") / "checkpoints" / "000000007" / "state.json",
        {"layout": 1, "iteration": 7, "sha256": {}, "state": {"plan": plan.as_json()}},
    )
    before = _files(ready.folder)
    told = _says(SwapRequest(project=ready.folder))
    assert _files(ready.folder) == before
    assert f"Would go on with the project {ready.folder}." in told
    assert "extract: src and dst searched already." in told
    assert "train: is done, at iteration 7; --minutes would train more." in told
    assert "Looking at what is there of dst." in told and not any("would paint" in text for text in told)
    shot = ready.out_folder / "dst-main.mov"
    assert f"encode: would write {shot}." in told
    list(stages.encode(ready, "main", said={}))
    assert f"encode: nothing left to do, {shot} is there." in _says(SwapRequest(project=ready.folder))
    again = _says(SwapRequest(project=ready.folder, merge={"blur": 0.3}))
    assert f"encode: would write {shot} in place of the one that is there." in again


def test_of_a_training_that_was_stopped_what_is_left_is_told_and_whether_that_is_little(ready: Project) -> None:
    """It named the whole time, of `1 minutes`, and no iterations."""
    plan = Plan(minutes=1.0, iterations=None, done_iterations=7, done_seconds=24.0)
    folder = ready.model_folder("main")
    write_json(
        folder / "checkpoints" / "000000007" / "state.json",
        {"layout": 1, "iteration": 7, "sha256": {}, "state": {"plan": plan.as_json()}},
    )
    lines = (f'{{"iteration": {i}, "seconds": {i}.0}}\n' for i in (2, 4, 7))
    (folder / "metrics.jsonl").write_text("".join(lines))
    told = _says(SwapRequest(project=ready.folder, train={"batch_size": 1}))
    (train,) = (text for text in told if text.startswith("train: "))
    assert "(goes on at iteration 7, preset quick) for the 0.6 of 1 minute left; about " in train
    assert train.endswith("batch size 1, 1 s an iteration, about 36 iterations.")
    assert any("will have learned for about 43 iterations only: it paints little" in text for text in told)


def test_what_stops_a_swap_stops_its_dry_run(tmp_path: Path) -> None:
    with pytest.raises(ClipMissing):
        _says(SwapRequest(src=(tmp_path / "gone.mp4",), dst=(tmp_path / "b.mp4",)))
