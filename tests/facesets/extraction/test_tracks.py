"""One person in one shot is one track: through crossings, hands, hidden frames; never across a cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.facesets.extraction.test_people import face, film
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import src_track
from understudy.actors.scene import Placed, staged
from understudy.faces.align import crop
from understudy.faces.appearance import signature
from understudy.faces.detect import Detection
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.tracks import tracks_of
from understudy.geometry import crop_from_frame
from understudy.media.cuts import NOTHING_SEEN, SceneNote, SceneWatch

OPTIONS = ExtractOptions()
CUT = SceneNote(20.0, NOTHING_SEEN.grid)


def frames_of(frames: list[FoundFrame]) -> list[list[int]]:
    return [sorted(track.frames()) for track in tracks_of(frames, OPTIONS)]


@pytest.mark.parametrize("cut", [5, 6, 11])
def test_a_hard_cut_never_joins_tracks(cut):
    rows = film(*[[face(50, 1), face(150, 2)]] * 16)
    rows[cut] = replace(rows[cut], scene=CUT)
    before, after = list(range(cut)), list(range(cut, 16))
    assert frames_of(rows) == [before, before, after, after]


def test_who_was_hidden_for_a_second_is_still_on_one_track():
    rows = film(*[[face(50 + k, 1)] if not 8 <= k < 32 else [] for k in range(40)])
    assert frames_of(rows) == [[*range(8), *range(32, 40)]]


def test_somebody_else_who_comes_after_a_gap_is_on_another_track():
    rows = film(*[[face(50, 1)]] * 8, *[[]] * 12, *[[face(50, 2)]] * 8)
    assert frames_of(rows) == [list(range(8)), list(range(20, 28))]


def filmed_crossing() -> tuple[list[FoundFrame], list[list[str]]]:
    """Two actors pass each other, the nearer hides the other: what a perfect detector sees, and whom."""
    plate = np.full((120, 340, 3), 90, np.uint8)
    watch, frames, names = SceneWatch(), [], []
    states = src_track(80, 3)
    for k in range(13):
        far = Placed(DEMO_DST, (states[k],), 100, left_px=60 + 10 * k, top_px=10)
        near = Placed(DEMO_SRC, (states[k + 15],), 116, left_px=165 - 10 * k, top_px=0)
        picture, truth = staged(plate, [far, near])
        seen = [one for one in truth if one.seen_share > 0.75]
        found = []
        for one in seen:
            look = crop(picture, crop_from_frame(one.landmarks_68, face_type="full", size_px=112), 112)
            detection = Detection(one.box_xyxy, 0.95, None)
            found.append(FoundFace(detection, one.landmarks_68, signature(look).astype(np.float16), 5.0))
        frames.append(FoundFrame(k, k / 25, found, watch.look(picture)))
        names.append([one.name for one in seen])
    return frames, names


def test_two_filmed_people_who_cross_keep_their_tracks():
    frames, names = filmed_crossing()
    hidden = [len(row) for row in names].count(1)
    assert hidden >= 2
    tracks = tracks_of(frames, OPTIONS)
    of_face = {id(s.face): track.number for track in tracks for s in track.sightings}
    found = {
        (of_face[id(seen)], name)
        for frame, row in zip(frames, names, strict=True)
        for seen, name in zip(frame.faces, row, strict=True)
    }
    assert len(tracks) == len(found) == 2
    assert len({track.person for track in tracks}) == 2


def test_a_doubted_find_counts_where_its_track_has_a_sure_one():
    scores = [0.99, 0.97, 0.6, 0.55, 0.98]
    assert frames_of(film(*[[face(50, 1, score=score)] for score in scores])) == [[0, 1, 2, 3, 4]]


def test_a_face_that_is_never_more_than_doubted_is_on_no_track():
    rows = film(*[[face(50, 1), face(150, 2, score=0.85)] for _ in range(6)])
    assert frames_of(rows) == [list(range(6))]
    assert frames_of(film(*[[face(50, 1, score=0.85)]] * 6)) == []


def test_what_the_detector_hardly_believes_is_on_no_track():
    rows = film(*[[face(50, 1, score=0.3 if k == 3 else 0.99)] for k in range(6)])
    assert frames_of(rows) == [[0, 1, 2, 4, 5]]
    doubtful_too = OPTIONS.model_copy(update={"min_score": 0.2})
    assert [sorted(t.frames()) for t in tracks_of(rows, doubtful_too)] == [list(range(6))]


@pytest.mark.parametrize(("change", "tracks"), [(2.4, 1), (13.0, 2), (0.0, 2)])
def test_a_look_that_leaps_while_the_picture_stays_is_a_head_that_darts_round(change, tracks):
    rows = film(*[[face(50 + k, 1 if k < 6 else 2)] for k in range(12)])
    rows[6] = replace(rows[6], scene=SceneNote(change, NOTHING_SEEN.grid))
    assert len(frames_of(rows)) == tracks
