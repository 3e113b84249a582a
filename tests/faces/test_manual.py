"""Faces drawn by hand are kept safely and hold against every program."""

import numpy as np
import pytest

from tests.faces.people import five_of, frames_of, turned_face
from understudy.errors import FindsUnusable
from understudy.faces.manual import ManualDetector, Region, manual_file, read_regions, write_regions

LANDMARKS = [(float(x), float(y)) for x, y in turned_face(20)]
BOX = Region(box=(10, 20, 110, 140.5))
FULL = Region(box=(90, 80, 250, 260), landmarks=LANDMARKS)


def test_what_was_drawn_comes_back(tmp_path):
    path = manual_file(tmp_path, "dst")
    write_regions(path, {7: [BOX, FULL], 3: [BOX], 9: []})
    assert read_regions(path) == {3: [BOX], 7: [BOX, FULL]}
    assert path == tmp_path / "manual" / "dst.json"


def test_a_clip_without_regions_has_none(tmp_path):
    assert read_regions(tmp_path / "none.json") == {}


def test_the_detector_gives_regions_of_its_frames_alone():
    found = ManualDetector({1: [BOX, FULL]}).detect(frames_of(*[np.zeros((300, 300, 3), np.uint8)] * 3))
    assert [len(faces) for faces in found] == [0, 2, 0]
    large, small = found[1]
    np.testing.assert_allclose(large.landmarks_68, LANDMARKS)
    np.testing.assert_allclose(large.points_5, five_of(np.array(LANDMARKS)))
    assert small.landmarks_68 is None and small.points_5 is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "frames": {}}',
        '{"version": 1, "frames": {"-1": []}}',
        '{"version": 1, "frames": {"x": []}}',
        '{"version": 1, "frames": {"1": [{"box": [1, 2, 3]}]}}',
        '{"version": 1, "frames": {"1": [{"box": [3, 2, 1, 4]}]}}',
        '{"version": 1, "frames": {"1": [{"box": [0, 0, 1, 1e300]}]}}',
        '{"version": 1, "frames": {"1": [{"box": [0, 0, 1, NaN]}]}}',
        '{"version": 1, "frames": {"1": [{"box": [0, 0, 1, 1], "landmarks": [[0, 0]]}]}}',
        '{"version": 1, "frames": {"1": [{"box": [0, 0, 1, 1], "run": "me"}]}}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_file_is_refused_with_its_place(tmp_path, text):
    path = tmp_path / "dst.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FindsUnusable, match="drawn by hand"):
        read_regions(path)


def test_a_folder_in_the_files_place_is_refused(tmp_path):
    with pytest.raises(FindsUnusable):
        read_regions(tmp_path)
