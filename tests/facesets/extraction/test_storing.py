import pytest

from tests.facesets.extraction.test_task import task_for
from understudy.errors import FacesetUnusable
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.storing import require_same_content, settings_of


def test_faces_of_another_content_of_the_clip_are_not_mixed_with(tmp_path):
    task = task_for(tmp_path, content="new")
    require_same_content(task, set())
    require_same_content(task, {"new"})
    with pytest.raises(FacesetUnusable, match="no longer the one"):
        require_same_content(task, {"new", "old"})


def test_options_of_the_search_do_not_make_faces_of_another_kind():
    assert settings_of(ExtractOptions(workers=3, start="5")) == settings_of(ExtractOptions())
    assert settings_of(ExtractOptions(face_type="head")) != settings_of(ExtractOptions())
