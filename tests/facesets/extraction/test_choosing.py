import pytest

from tests.facesets.extraction.stand_in import one_person, write_clip
from tests.facesets.extraction.test_task import task_for
from understudy.errors import NoFaceFound
from understudy.facesets.extraction.choosing import choose
from understudy.facesets.extraction.found import FoundFrame
from understudy.media.opening import open_clip


def test_a_clip_without_a_find_names_its_side_and_its_length(tmp_path):
    frames = [FoundFrame(index, index / 25, []) for index in range(7)]
    words = r"dst clip 'clip' \(7 frames\)\. Check that"
    path = write_clip(tmp_path / "clip", one_person(1))
    with open_clip(path) as clip, pytest.raises(NoFaceFound, match=words):
        list(choose(clip, task_for(tmp_path), frames))
