from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.faces.detect import Detection
from understudy.facesets.extraction.found import FoundFace, FoundFrame, FoundLog, clip_identity
from understudy.media.cuts import SceneNote

BINDING = {"content": "abc", "frame_step": 1}


def frame(index: int, faces: int = 1) -> FoundFrame:
    numbers = np.random.default_rng(index)
    return FoundFrame(
        index,
        index / 24,
        [
            FoundFace(
                Detection(numbers.uniform(0, 99, 4), 0.9, numbers.uniform(0, 99, (5, 2))),
                numbers.uniform(0, 99, (68, 2)),
                numbers.normal(size=8),
                3.5,
            )
            for _ in range(faces)
        ],
        SceneNote(1.5 + index, numbers.integers(0, 256, (9, 16, 3), dtype=np.uint8)),
    )


def test_a_face_whose_detector_gives_no_points_is_kept_as_such(tmp_path):
    boxed = FoundFace(Detection(np.arange(4.0), 0.9), np.ones((68, 2)), np.ones(3), 1.0)
    with FoundLog.open(tmp_path / "log.jsonl", BINDING) as log:
        log.append([FoundFrame(0, 0.0, [boxed]), frame(1)])
    first, second = FoundLog.look(tmp_path / "log.jsonl")
    assert first.faces[0].detection.points_5 is None
    assert second.faces[0].detection.points_5 is not None


def test_expected_errors_are_kept_where_they_are_known_and_logs_without_them_are_read(tmp_path):
    spread = np.linspace(0.5, 9.25, 68).round(2)
    known = replace(frame(0).faces[0], spread_68=spread)
    with FoundLog.open(tmp_path / "log.jsonl", BINDING) as log:
        log.append([FoundFrame(0, 0.0, [known]), frame(1)])
    first, second = FoundLog.look(tmp_path / "log.jsonl")
    assert np.array_equal(first.faces[0].spread_68, spread)
    assert second.faces[0].spread_68 is None


def same(a: list[FoundFrame], b: list[FoundFrame]) -> bool:
    return (
        [(f.index, len(f.faces)) for f in a] == [(f.index, len(f.faces)) for f in b]
        and all(
            f.scene.change == g.scene.change and np.array_equal(f.scene.grid, g.scene.grid)
            for f, g in zip(a, b, strict=True)
        )
        and all(
            np.array_equal(x.landmarks_68, y.landmarks_68) and np.array_equal(x.signature, y.signature)
            for f, g in zip(a, b, strict=True)
            for x, y in zip(f.faces, g.faces, strict=True)
        )
    )


@pytest.fixture
def written(tmp_path):
    with FoundLog.open(tmp_path / "log.jsonl", BINDING) as log:
        log.append([frame(0), frame(1, faces=0)])
        log.append([frame(2, faces=2)])
    return log


def test_a_log_read_back_holds_the_very_same_numbers(written):
    with FoundLog.open(written.path, BINDING) as again:
        assert same(again.frames, written.frames)
        assert again.left(range(4)) == [3]
        again.finish(range(4))
    with FoundLog.open(written.path, BINDING) as again:
        assert again.left(range(4)) == []
        assert again.is_finished(range(4))


@pytest.mark.parametrize(
    "binding", [{"content": "other", "frame_step": 1}, {"content": "abc", "frame_step": 2}]
)
def test_a_log_of_something_else_starts_anew_and_the_first_one_waits_beside(written, binding):
    with FoundLog.open(written.path, binding) as again:
        assert again.frames == []
        again.append([frame(7)])
    with FoundLog.open(written.path, BINDING) as again:
        assert same(again.frames, written.frames)
    with FoundLog.open(written.path, binding) as again:
        assert [f.index for f in again.frames] == [7]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_log_torn_or_damaged_anywhere_gives_a_good_beginning_and_can_be_continued(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    with FoundLog.open(path, BINDING) as log:
        log.append([frame(index) for index in range(4)])
    whole = path.read_bytes()
    torn = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    torn += data.draw(st.binary(max_size=20))
    if torn and data.draw(st.booleans()):
        torn[data.draw(st.integers(0, len(torn) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(torn)
    with FoundLog.open(path, BINDING) as again:
        count = len(again.frames)
        again.append([frame(index) for index in range(count, 5)])
    with FoundLog.open(path, BINDING) as last:
        assert [f.index for f in last.frames[count:]] == list(range(count, 5))


def test_a_video_keeps_its_identity_when_moved_and_loses_it_when_changed(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(256)) * 20_000)
    before = clip_identity(path)
    moved = path.rename(tmp_path / "b.mp4")
    assert clip_identity(moved) == before
    for at in (0, 5_119_999):
        data = bytearray(bytes(range(256)) * 20_000)
        data[at] ^= 1
        moved.write_bytes(data)
        assert clip_identity(moved) != before


def test_forgotten_frames_are_as_if_nobody_had_looked(tmp_path):
    path = tmp_path / "a.found.jsonl"
    with FoundLog.open(path, {"content": "a"}) as log:
        log.append([FoundFrame(index, index / 25, []) for index in range(4)])
        log.forget([1, 3, 77])
        assert [frame.index for frame in log.frames] == [0, 2]
    with FoundLog.open(path, {"content": "a"}) as log:
        assert log.left(range(4)) == [1, 3]
        log.append([FoundFrame(3, 0.1, [])])
    assert [frame.index for frame in FoundLog.look(path)] == [0, 2, 3]
