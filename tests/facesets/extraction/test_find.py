import pytest

from tests.facesets.extraction.stand_in import one_person, write_clip
from tests.facesets.extraction.test_task import task_for
from understudy.events import Progress
from understudy.facesets.extraction import find as module
from understudy.facesets.extraction.find import find
from understudy.facesets.extraction.found import FoundLog
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.opening import open_clip


@pytest.fixture
def clip(tmp_path):
    with open_clip(write_clip(tmp_path / "clip", one_person(20))) as opened:
        yield opened


def task(folder, **said):
    options = ExtractOptions(detector="stand-in", landmarker="five-point", batch_frames=3, **said)
    return task_for(folder, options=options)


def test_holes_in_the_log_are_filled_and_nothing_else_is_looked_at(clip, tmp_path, detector):
    with FoundLog.open(tmp_path / "log.jsonl", {}) as log:
        list(find(clip, log, task(tmp_path), range(4, 8)))
        list(find(clip, log, task(tmp_path), range(12, 14)))
        assert log.left(range(20)) == [0, 1, 2, 3, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19]
        events = list(find(clip, log, task(tmp_path), range(20)))
        assert [frame.index for frame in log.frames] == list(range(20))
        changes = [frame.scene.change for frame in log.frames]
    assert detector.seen == 20
    assert events[-1].done == 20
    assert all(isinstance(event, Progress) for event in events)
    with FoundLog.open(tmp_path / "straight.jsonl", {}) as log:
        list(find(clip, log, task(tmp_path), range(20)))
        assert [frame.scene.change for frame in log.frames] == changes


def test_the_detector_sees_as_many_frames_at_once_as_are_asked(clip, tmp_path, detector, monkeypatch):
    sizes, detect = [], detector.detect
    monkeypatch.setattr(detector, "detect", lambda frames: sizes.append(len(frames)) or detect(frames))
    with FoundLog.open(tmp_path / "log.jsonl", {}) as log:
        list(find(clip, log, task(tmp_path), range(8)))
    assert sizes == [3, 3, 2]


def test_a_finished_search_is_noted_once_and_not_begun_again(clip, tmp_path, detector):
    for _ in range(3):
        with FoundLog.open(tmp_path / "log.jsonl", {}) as log:
            list(find(clip, log, task(tmp_path), range(5)))
            assert log.is_finished(range(5))
    assert detector.seen == 5
    assert (tmp_path / "log.jsonl").read_text().count("searched") == 1


def test_a_cluster_looks_where_it_is_asked(clip, tmp_path, detector, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "looked_at_by_cluster", lambda _, __, indices, ___: asked.append(indices) or [])
    for workers in ("ray", "1"):
        list(module.looked_at_anywhere(clip, task(tmp_path, workers=workers), range(4)))
    assert (asked, detector.seen) == ([range(4)], 4)
