"""Where the last frame's landmarks lead: the same finds from whatever frame on, in whatever batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import Drawn, write_clip
from tests.facesets.extraction.stand_in_reader import BlobReader, dense_installed
from understudy.faces.inputs import FinderInputs
from understudy.faces.passes import RotatingDetector
from understudy.facesets.extraction import following
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.following import Chains, found_in, stretches_by_chain
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.opening import open_clip

FRAMES = 40
OPTIONS = ExtractOptions(detector="stand-in", landmarker="dense", detect_every=4, batch_frames=8)


@pytest.fixture(autouse=True)
def short_chains(monkeypatch, dense) -> None:
    monkeypatch.setattr(following, "_CHAIN_FRAMES", 12)
    monkeypatch.setattr(following, "_BEFORE_FRAMES", 4)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """One walks all the time; another comes in the middle of a chain and goes in the next."""
    scenes = [
        [Drawn(30 + index % 20, 60, 44, 1), *([Drawn(120, 55, 40, 2)] if 17 <= index < 30 else [])]
        for index in range(FRAMES)
    ]
    return write_clip(tmp_path_factory.mktemp("clip") / "clip", scenes)


def found(clip: Path, indices: Sequence[int], options: ExtractOptions = OPTIONS) -> list[FoundFrame]:
    with open_clip(clip) as opened:
        finder = FinderPlan(options, FinderInputs()).make()
        return [frame for some in found_in(opened, finder, indices) for frame in some]


def same(some: Sequence[FoundFrame], every: Sequence[FoundFrame]) -> None:
    whole = {frame.index: frame for frame in every}
    for frame in some:
        twin = whole[frame.index]
        assert len(frame.faces) == len(twin.faces), frame.index
        assert frame.scene.change == twin.scene.change
        for face, other in zip(frame.faces, twin.faces, strict=True):
            assert np.array_equal(face.landmarks_68, other.landmarks_68)
            assert np.array_equal(face.detection.box_xyxy, other.detection.box_xyxy)
            assert face.detection.score == other.detection.score


def test_everybody_is_found_in_every_frame_though_the_detector_sees_few(clip, detector):
    frames = found(clip, range(FRAMES))
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [len(frame.faces) for frame in frames] == [2 if 17 <= k < 30 else 1 for k in range(FRAMES)]
    assert detector.seen < 25
    detector.seen = 0
    same(found(clip, range(FRAMES), OPTIONS.changed(batch_frames=3)), frames)
    found(clip, range(FRAMES), OPTIONS.changed(detect_every=1))
    assert detector.seen >= FRAMES


def test_as_many_frames_are_decoded_at_once_as_are_asked(clip, detector, monkeypatch):
    at_once, batched = [], following.batched_frames
    monkeypatch.setattr(
        following, "batched_frames", lambda frames, count: at_once.append(count) or batched(frames, count)
    )
    found(clip, range(4), OPTIONS.changed(batch_frames=3))
    assert at_once == [3]


@pytest.mark.parametrize(
    "indices", [range(13, 40), range(5, 8), range(11, 14), [0, 16, 17, 18, 35], [39], range(23, 31)]
)
def test_a_run_that_goes_on_and_a_part_of_a_clip_find_the_same(clip, detector, indices):
    some = found(clip, indices)
    assert [frame.index for frame in some] == list(indices)
    same(some, found(clip, range(FRAMES)))


@pytest.mark.parametrize("every", [3, 5, 8])
def test_whatever_the_detectors_rhythm_nobody_is_missed(clip, detector, every):
    options = OPTIONS.changed(detect_every=every)
    frames = found(clip, range(FRAMES), options)
    assert [len(frame.faces) for frame in frames] == [2 if 17 <= k < 30 else 1 for k in range(FRAMES)]
    same(found(clip, range(19, 28), options), frames)


def test_frames_that_can_not_be_decoded_are_left_out_and_nothing_else(tmp_path, detector):
    scenes = [[Drawn(30 + index, 60, 44, 1)] for index in range(30)]
    torn = write_clip(tmp_path / "torn", scenes)
    for index in (12, 13, 24):
        path = torn / f"{index:05d}.png"
        path.write_bytes(path.read_bytes()[:50])
    frames = found(torn, range(30))
    assert [frame.index for frame in frames] == [k for k in range(30) if k not in (12, 13, 24)]
    assert all(len(frame.faces) == 1 for frame in frames)


def test_chains_begin_with_the_detector_and_reach_to_where_it_is_asked_next():
    chains = Chains(5)
    assert (chains.length, chains.before) == (15, 5)
    assert chains.looked_at([3, 17, 18]) == {0: range(6), 1: range(10, 21)}
    assert chains.looked_at([45]) == {3: range(40, 46)}


def test_no_two_processes_get_frames_of_one_chain():
    assert stretches_by_chain([3, 11, 12, 40, 47], 4) == [[3, 11], [12], [40, 47]]


def test_single_frames_are_looked_at_where_nothing_leads(clip, detector):
    alone = found(clip, range(6), OPTIONS.changed(detect_every=1))
    assert [frame.index for frame in alone] == list(range(6))
    assert detector.seen == 6
    detector.seen = 0
    assert len(found(clip, range(0, 6, 2), OPTIONS.changed(frame_step=2))) == 3
    assert detector.seen == 3


def test_a_sure_find_of_the_detector_is_looked_for_again_at_once_when_the_network_doubts_it(clip, detector):
    class Doubting(BlobReader):
        def read(self, crops):
            reading = super().read(crops)
            reading.scores[:] = 0.1
            return reading

    dense_installed(Doubting())
    frames = found(clip, range(12))
    assert [len(frame.faces) for frame in frames] == [1] * 12
    assert detector.seen >= 12


def test_turned_second_and_repeated_looks_lead_too(clip, detector):
    plain = found(clip, range(8))
    for said in ({"second_pass": True}, {"re_feed": 2}, {"rotations": True}):
        frames = found(clip, range(8), OPTIONS.changed(**said))
        assert [len(frame.faces) for frame in frames] == [1] * 8
        for frame, twin in zip(frames, plain, strict=True):
            assert np.abs(frame.faces[0].landmarks_68 - twin.faces[0].landmarks_68).max() < 1.5


def test_a_finder_turns_and_repeats_as_is_asked(detector):
    asked = OPTIONS.changed(second_pass=True, re_feed=2, rotations=True)
    finder = FinderPlan(asked, FinderInputs()).make()
    landmarker = finder.landmarker.inner
    assert isinstance(finder.detector, RotatingDetector)
    assert (landmarker.second_pass, landmarker.re_feed) == (True, 2)
