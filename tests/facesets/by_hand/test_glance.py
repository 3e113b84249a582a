"""`facesets/by_hand/glance.py`: a log of finds at a glance, as it grows and changes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE
from understudy.faces.detect import Detection
from understudy.facesets.by_hand.glance import FoundGlance, error_share
from understudy.facesets.extraction.found import FoundFace, FoundFrame, FoundLog


def frame(index: int, *scores: float, spread: float | None = None) -> FoundFrame:
    box = np.array([10.0, 10, 60, 60])
    spreads = None if spread is None else np.full(68, spread)
    faces = [
        FoundFace(Detection(box, score), FACE * 48 + [35, 35], np.zeros(4), 1.0, spread_68=spreads)
        for score in scores
    ]
    return FoundFrame(index, index / 25, faces)


def test_what_is_added_is_seen_without_reading_again_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.found.jsonl"
    glance = FoundGlance(path)
    assert not glance.refresh()
    with FoundLog.open(path, {"content": "a"}) as log:
        log.append([frame(0, 0.9, 0.4, spread=5.0), frame(1)])
        assert glance.refresh()
        assert (glance.frames[0].scores, glance.frames[1].scores) == ((0.9, 0.4), ())
        assert glance.frames[0].error_share == pytest.approx(0.1)
        first = glance.frames[0]
        log.append([frame(2, 0.8)])
        log.append([frame(1, 0.7)])
        assert glance.refresh()
        assert glance.frames[0] is first
        assert glance.frames[1].scores == (0.7,)
        log.forget([2, 9])
        assert glance.refresh()
        assert set(glance.frames) == {0, 1}
        assert not glance.refresh()
    found = glance.frame(0)
    assert found is not None
    assert [face.detection.score for face in found.faces] == [0.9, 0.4]
    assert glance.frame(2) is None
    assert FoundLog.look(path)[-1].index == 1


def test_another_log_under_the_same_name_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.found.jsonl"
    glance = FoundGlance(path)
    with FoundLog.open(path, {"content": "a"}) as log:
        log.append([frame(0, 0.9)])
    glance.refresh()
    with FoundLog.open(path, {"content": "b"}) as log:  # the other one waits beside
        log.append([frame(5, 0.9), frame(6, 0.9)])
    assert glance.refresh()
    assert set(glance.frames) == {5, 6}
    path.unlink()
    assert glance.refresh()
    assert not glance.frames


def test_a_torn_last_line_waits_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.found.jsonl"
    with FoundLog.open(path, {}) as log:
        log.append([frame(0, 0.9), frame(1, 0.9)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    glance = FoundGlance(path)
    glance.refresh()
    assert set(glance.frames) == {0}
    path.write_bytes(whole)
    glance.refresh()
    assert set(glance.frames) == {0, 1}


def test_an_error_that_nobody_knows_is_no_number() -> None:
    assert math.isnan(error_share((0, 0, 10, 10), ()))
    assert error_share((0, 0, 10, 40), [1.0, 3.0]) == pytest.approx(0.1)


def test_looking_quickly_and_reading_every_number_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.found.jsonl"
    with FoundLog.open(path, {"content": "a"}) as log:
        log.append([frame(0, 0.9, 0.4, spread=5.0), frame(1), frame(2, 0.75), frame(3, 0.5, 0.6, spread=0.7)])
    quick, slow = FoundGlance(path), FoundGlance(path)
    quick._take = lambda value: pytest.fail(f"not quick: {value}")  # pyright: ignore[reportAttributeAccessIssue]
    slow._take_quickly = lambda line: False  # pyright: ignore[reportAttributeAccessIssue]
    head = path.read_bytes().splitlines()[0]
    path.write_bytes(path.read_bytes()[len(head) + 1 :])  # the head is no frame, and always read as it is
    quick.refresh()
    slow.refresh()
    assert list(quick.frames) == list(slow.frames) == [0, 1, 2, 3]
    for index, glimpse in slow.frames.items():
        assert quick.frames[index][::2] == glimpse[::2]
        assert quick.frames[index].error_share == pytest.approx(glimpse.error_share, nan_ok=True)
