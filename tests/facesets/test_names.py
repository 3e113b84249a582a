import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.facesets.names import FaceName, FreeNames, face_name, face_stem, safe_name


@pytest.mark.parametrize("name", ["clip", "Mein Prøjekt 影", "سينما", "a-b_c (2)", "v1.2"])
def test_ordinary_names_of_all_scripts_stay(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b", "a_b"),
        ("..", "_"),
        ("", "_"),
        ("con", "_con"),
        ("LPT1.mov", "_LPT1.mov"),
        ("a\n", "a_"),
        (" x. ", "x"),
    ],
)
def test_what_a_system_forbids_is_replaced(text, name):
    assert safe_name(text) == name


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_becomes_a_file_name_that_is_its_own(text):
    name = safe_name(text)
    assert name == safe_name(name)
    assert 0 < len(name.encode("utf-8")) <= 121
    assert not set(name) & set('<>:"/\\|?*\0\n')


@given(st.text(min_size=1, max_size=40), st.integers(0, 2_000_000), st.integers(1, 99))
def test_the_name_of_a_face_says_its_clip_frame_and_person(clip, frame, person):
    stem = face_stem(clip, frame, person)
    assert face_name(stem) == face_name(f"{stem}-2") == FaceName(safe_name(clip), frame, person)


@pytest.mark.parametrize("stem", ["00012_0", "a-00012-1", "a-000012", "a-000012-0", "a-0000012-1", "-000012-1"])
def test_names_of_other_programs_are_not_taken_for_ours(stem):
    assert face_name(stem) is None


def test_a_taken_name_is_taken_in_capitals_too():
    free = FreeNames(["face.jpg", "FACE-2.jpg"])
    assert [free.take("Face.jpg") for _ in range(2)] == ["Face-3.jpg", "Face-4.jpg"]
    assert free.take("face-4.jpg") == "face-4-2.jpg"
    assert free.take("other.jpg") == "other.jpg"


def test_thousands_of_faces_that_want_one_name_get_theirs_at_once():
    free = FreeNames()
    started = time.process_time()
    names = [free.take("a.v1.jpg") for _ in range(20_000)]
    assert time.process_time() - started < 5, "one look at every name before takes minutes"
    assert len(set(names)) == 20_000 and names[-1] == "a.v1-20000.jpg"
