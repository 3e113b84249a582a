import numpy as np
import pytest

from tests.facesets.extraction.stand_in import one_person, write_clip
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.looking import SceneNotes, batched_frames, frames_at, looked_at
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.clip import Frame
from understudy.media.opening import open_clip


def test_batches_hold_every_frame_once():
    frames = [Frame(index, index, 0.0, np.zeros((1, 1, 3), np.uint8)) for index in range(7)]
    assert [[f.index for f in batch] for batch in batched_frames(iter(frames), 3)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


def test_a_search_that_goes_on_measures_the_same_changes(tmp_path):
    with open_clip(write_clip(tmp_path / "clip", one_person(9))) as clip:
        straight, late = SceneNotes(clip, frame_step=2), SceneNotes(clip, frame_step=2)
        changes = {frame.index: straight.note(frame).change for frame in clip.frames(0, step=2)}
        again = {frame.index: late.note(frame).change for frame in clip.frames(4, step=2)}
        holes = SceneNotes(clip, frame_step=2)
        some = {index: holes.note(next(iter(clip.frames(index)))).change for index in (2, 8)}
    assert changes[0] == 0
    assert again == {index: changes[index] for index in (4, 6, 8)}
    assert some == {index: changes[index] for index in (2, 8)}


def test_frames_are_compared_with_those_that_were_looked_at_before_them(tmp_path, detector):
    options = ExtractOptions(detector="stand-in", landmarker="five-point", frame_step=2)
    with open_clip(write_clip(tmp_path / "clip", one_person(5))) as clip:
        notes = SceneNotes(clip, frame_step=2)
        wanted = [notes.note(frame).change for frame in clip.frames(0, step=2)]
        finder = FinderPlan(options, FinderInputs()).make()
        found = [frame for some in looked_at(clip, finder, range(0, 5, 2)) for frame in some]
    assert [frame.scene.change for frame in found] == wanted


@pytest.mark.parametrize("wanted", [[], [0], [8], [0, 1, 2], [1, 3, 5, 7], [0, 5, 6, 8]])
def test_exactly_the_wanted_frames_come_in_order(tmp_path, wanted):
    with open_clip(write_clip(tmp_path / "clip", one_person(9))) as clip:
        every = list(clip.frames())
        came = list(frames_at(clip, wanted))
    assert [frame.index for frame in came] == wanted
    assert all(np.array_equal(frame.rgb, every[frame.index].rgb) for frame in came)
