import pytest

from tests.facesets.extraction.stand_in import one_person, write_clip
from tests.facesets.extraction.test_people import face, film
from tests.facesets.extraction.test_task import task_for
from understudy.errors import NoFaceFound
from understudy.facesets.extraction.choosing import choose
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.opening import open_clip


def test_a_clip_without_a_find_names_its_side_and_its_length(tmp_path):
    frames = [FoundFrame(index, index / 25, []) for index in range(7)]
    words = r"dst clip 'clip' \(7 frames\)\. Check that"
    path = write_clip(tmp_path / "clip", one_person(1))
    with open_clip(path) as clip, pytest.raises(NoFaceFound, match=words):
        list(choose(clip, task_for(tmp_path), frames))


@pytest.mark.parametrize("rotations", [False, True])
def test_where_all_finds_are_doubtful_turned_pictures_are_thought_of_once(tmp_path, rotations):
    """A phone's clip that lies on its side has faces that no detector trusts, whatever their size."""
    frames = film(*[[face(60, 0, score=0.6)]] * 3)
    path = write_clip(tmp_path / "clip", one_person(1))
    task = task_for(tmp_path, options=ExtractOptions(rotations=rotations))
    with open_clip(path) as clip, pytest.raises(NoFaceFound, match="3 too doubtful") as told:
        list(choose(clip, task, frames))
    assert ("--rotations" in str(told.value)) != rotations
    assert "--min-score" in str(told.value)
