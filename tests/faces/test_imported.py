"""Faces found by other programs come in exactly, or not at all."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import five_of, turned_face
from understudy.errors import FindsUnusable, UnderstudyError
from understudy.faces.detect import Detection
from understudy.faces.imported import ImportDetector, ImportLandmarker, read_imported
from understudy.media.clip import loose_frame

PICTURE = np.zeros((300, 320, 3), np.uint8)
FACE = {"detected": [100, 90, 220, 210.5], "landmarks_2d": turned_face(10).tolist()}
BOX = {"detected": [10, 10, 50, 60], "landmarks_2d": []}


def written(folder: Path, said: object) -> Path:
    path = folder / "faces.json"
    path.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("7", ""),
        ("7", "a.png"),
        ("a.png", "a.png"),
        ("shot_000008", ""),
        ("My Shot_000008.png", ""),
        ("shot_000008.png", "shot_000008.png"),
    ],
)
def test_a_frame_is_known_by_its_index_its_name_or_its_number(tmp_path, key, name):
    faces = read_imported(written(tmp_path, {key: [FACE]}))
    (found, none) = ImportDetector(faces).detect(
        [loose_frame(PICTURE, index=7, name=name), loose_frame(PICTURE, index=8, name="other.png")]
    )
    assert [len(found), len(none)] == [1, 0]
    np.testing.assert_array_equal(found[0].box_xyxy, FACE["detected"])
    np.testing.assert_allclose(found[0].points_5, five_of(turned_face(10)))


def test_a_name_counts_before_a_number_in_it(tmp_path):
    """In a folder with a missing picture the numbers in the names are not the frames' indices."""
    said = {"shot_000009.png": [FACE], "shot_000010.png": [BOX]}
    faces = read_imported(written(tmp_path, said))
    ((found,),) = ImportDetector(faces).detect([loose_frame(PICTURE, index=8, name="shot_000010.png")])
    np.testing.assert_array_equal(found.box_xyxy, BOX["detected"])


def test_a_picture_that_the_file_does_not_name_has_no_face_of_another_picture(tmp_path):
    """A folder that begins with number 9: the number in a key is not the place of the picture in it."""
    faces = read_imported(written(tmp_path, {"shot_000009.png": [FACE], "shot_000010.png": [BOX]}))
    frames = [loose_frame(PICTURE, index=index, name=f"shot_{index + 9:06d}.png") for index in range(10)]
    assert [len(found) for found in ImportDetector(faces).detect(frames)] == [1, 1, *[0] * 8]


def test_of_two_videos_keys_those_of_the_clip_count(tmp_path):
    said = {"one_000001": [FACE], "two_000001": [BOX]}
    faces = read_imported(written(tmp_path, said), clip_name="two")
    ((found,),) = ImportDetector(faces).detect([loose_frame(PICTURE)])
    np.testing.assert_array_equal(found.box_xyxy, BOX["detected"])
    assert ImportDetector(read_imported(written(tmp_path, said))).detect([loose_frame(PICTURE)]) == [[]]


def test_faces_come_largest_first_and_boxes_alone_will_do(tmp_path):
    faces = read_imported(written(tmp_path, {"0": [BOX, FACE]}))
    (found,) = ImportDetector(faces).detect([loose_frame(PICTURE)])
    assert [face.points_5 is None for face in found] == [False, True]


def test_landmarks_go_to_the_face_they_belong_to(tmp_path):
    other = {"detected": [0, 0, 60, 60], "landmarks_2d": turned_face(-10, scale=0.4, centre=(30, 30)).tolist()}
    faces = read_imported(written(tmp_path, {"0": [FACE, other]}))
    detections = [Detection(np.array([2.0, 3, 58, 57]), 1.0), Detection(np.array([105.0, 95, 215, 205]), 1.0)]
    (points,) = ImportLandmarker(faces).landmarks_68([loose_frame(PICTURE)], [detections])
    np.testing.assert_array_equal(points[0], other["landmarks_2d"])
    np.testing.assert_array_equal(points[1], FACE["landmarks_2d"])


def test_a_face_the_file_has_no_landmarks_for_is_an_error_and_not_a_guess(tmp_path):
    landmarker = ImportLandmarker(read_imported(written(tmp_path, {"0": [FACE, BOX]})))
    with pytest.raises(FindsUnusable, match="frame 0"):
        landmarker.landmarks_68([loose_frame(PICTURE)], [[Detection(np.array(BOX["detected"], float), 1.0)]])
    assert landmarker.landmarks_68([loose_frame(PICTURE)], [[]])[0].shape == (0, 68, 2)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "[" * 100_000,
        "[1, 2]",
        '"text"',
        '{"0": [], "0": []}',
        '{"0": NaN}',
        '{"0": [{"detected": [0, 0, NaN, 1]}]}',
        '{"0": [{"detected": [0, 0, 1e400, 1]}]}',
        '{"0": [{"detected": [0, 0, 1' + "0" * 400 + ", 1]}]}",
        {"0": {}},
        {"0": [3]},
        {"0": [{}]},
        {"0": [{"detected": [5, 0, 1, 1]}]},
        {"0": [{"detected": [0, 0, 1]}]},
        {"0": [{"detected": ["0", "0", "1", "1"]}]},
        {"0": [{"detected": [False, False, True, True]}]},
        {"0": [{"detected": [0, 0, 1, 1], "landmarks_2d": [[0, 0]] * 67}]},
        {"0": [{"detected": [0, 0, 1, 1], "landmarks_2d": [[0, 0]] * 67 + [[0]]}]},
        {"0": [{"detected": [0, 0, 1, 1], "landmarks_2d": "x" * 68}]},
        {"0": [BOX] * 1001},
        {"0": [BOX], "a_000001": [BOX]},
    ],
    ids=lambda said: str(said)[:40],
)
def test_what_does_not_fit_is_refused_in_one_sentence(tmp_path, said):
    with pytest.raises(FindsUnusable) as refused:
        read_imported(written(tmp_path, said))
    assert len(refused.value.message) < 300


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)))
def test_nothing_in_a_file_is_a_crash(tmp_path_factory, said):
    with contextlib.suppress(UnderstudyError):
        read_imported(written(tmp_path_factory.mktemp("any"), said))


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(FindsUnusable, match="--import-file"):
        read_imported(None)
    with pytest.raises(FindsUnusable, match="no such file"):
        read_imported(tmp_path / "none.json")
