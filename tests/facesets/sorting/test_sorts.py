"""Each sort orders a small faceset of rendered people as its sentence says, both ways round."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.sorting.filmed import add_face, frames, measured_faceset
from understudy.actors.performance import Light, State
from understudy.errors import OptionInvalid
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.options import SortOptions
from understudy.facesets.sorting.sorts import SORTS, ordered, ranking
from understudy.facesets.sorting.table import columns
from understudy.facesets.store import Faceset

# Shuffled, so that the order of frames is none of the orders asked for.
SHUFFLED = [3, 0, 4, 1, 2]
STATES = {
    "face-yaw": [State(yaw_deg=yaw) for yaw in (-40, -15, 0, 20, 45)],
    "face-pitch": [State(pitch_deg=pitch) for pitch in (-20, -8, 0, 9, 21)],
    "face-roll": [State(roll_deg=roll) for roll in (-25, -10, 0, 12, 28)],
    "eyes-open": [State(blink_left=shut, blink_right=shut) for shut in (0.0, 0.3, 0.55, 0.8, 1.0)],
    "mouth-open": [State(jaw=jaw) for jaw in (0.8, 0.6, 0.4, 0.2, 0.0)],
    "source-size": [State(scale=scale) for scale in (1.1, 1.0, 0.9, 0.8, 0.7)],
    "brightness": [State(light=Light(exposure=e)) for e in (1.6, 1.2, 0.9, 0.6, 0.35)],
    "distance": [State(yaw_deg=yaw) for yaw in (0, 15, 30, 45, 60)],
}


def blurred(sigma_px: float):
    return lambda pixels: cv2.GaussianBlur(pixels, (0, 0), sigma_px)


def smeared(length_px: int):
    return lambda pixels: cv2.blur(pixels, (length_px, 1))


def tinted(degrees: float):
    def change(pixels):
        hsv = cv2.cvtColor(np.full_like(pixels, (200, 100, 100)), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (degrees % 360) / 2
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)

    return change


def cut(rows: int):
    def change(pixels):
        pixels = np.maximum(pixels, 1)
        pixels[len(pixels) - rows :] = 0
        return pixels

    return change


CHANGES = {
    "blur": [blurred(s) for s in (0.4, 0.8, 1.4, 2.2, 3.5)],
    "motion-blur": [smeared(n) for n in (1, 5, 9, 13, 19)],
    "hue": [tinted(d) for d in (40, 15, 0, -20, -45)],
    "black": [cut(n) for n in (0, 5, 10, 20, 40)],
}


def film(folder, *, states=None, changes=None) -> Faceset:
    with Faceset(folder) as faceset:
        for frame, right_place in enumerate(SHUFFLED):
            state = states[right_place] if states else State()
            add_face(faceset, state, frame=frame, change=changes[right_place] if changes else None)
    return measured_faceset(folder)


@pytest.mark.parametrize("by", [*STATES, *CHANGES])
def test_a_sort_by_one_number_puts_first_what_its_sentence_says(by, tmp_path):
    faceset = film(tmp_path, states=STATES.get(by), changes=CHANGES.get(by))
    right = [SHUFFLED.index(place) for place in range(5)]
    assert frames(ordered(faceset, by)) == right
    assert frames(ordered(faceset, by, backwards=True)) == right[::-1]


def test_openings_are_told_in_shares_of_the_face_so_that_one_limit_goes_for_every_faceset(tmp_path):
    told = {by: columns(film(tmp_path / by, states=STATES[by])) for by in ("eyes-open", "mouth-open")}
    first, last = SHUFFLED.index(0), SHUFFLED.index(4)
    eyes, mouth = told["eyes-open"]["eyes_open"], told["mouth-open"]["mouth_open"]
    assert eyes[last] < 0.02 < 0.04 < eyes[first] < 0.15  # the limits that the guide names
    assert mouth[last] < 0.03 and 0.1 < mouth[first] < 0.4


@pytest.fixture
def crowd(tmp_path) -> Faceset:
    """Three people under three lights, interleaved, four faces each; frames 0 mod 3 are one person's."""
    lights = [Light(exposure=0.5), Light(exposure=1.4), Light(key_color=(0.5, 0.7, 1.0), exposure=0.9)]
    with Faceset(tmp_path) as faceset:
        for frame in range(12):
            who = frame % 3
            state = State(yaw_deg=2.0 * (frame // 3), jaw=0.05 * (frame // 3), light=lights[who])
            add_face(faceset, state, seed=3 + who, frame=frame)
    return measured_faceset(tmp_path)


@pytest.mark.parametrize("by", ["hist", "absdiff", "hist-blur"])
def test_alike_faces_stand_side_by_side(crowd, by):
    for backwards in (False, True):
        people = [frame % 3 for frame in frames(ordered(crowd, by, backwards=backwards))]
        assert sum(a != b for a, b in pairwise(people)) == 2
    assert frames(ordered(crowd, by, backwards=True)) == frames(ordered(crowd, by))[::-1]


def test_a_chain_says_how_far_each_face_is_from_the_one_before(crowd):
    found = ranking(crowd, "hist")
    assert found.values[0] == 0
    assert np.sort(found.values)[-2:].min() > 2 * np.sort(found.values)[:-2].max()


def test_inside_a_group_of_alike_faces_the_sharpest_comes_first(tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in range(6):
            light = Light(exposure=0.5 if frame % 2 else 1.4)
            add_face(faceset, State(light=light), frame=frame, change=blurred(0.3 + 0.5 * (frame // 2)))
    assert frames(ordered(measured_faceset(tmp_path), "hist-blur")) == [0, 2, 4, 1, 3, 5]


def test_landmarks_make_a_chain_of_neighbouring_expressions(tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame, place in enumerate([0, 3, 1, 4, 2]):
            add_face(faceset, State(jaw=0.2 * place), frame=frame)
    assert frames(ordered(Faceset(tmp_path), "face")) == [0, 2, 4, 1, 3]


@pytest.mark.parametrize("by", ["hist-dissim", "absdiff-dissim", "face-dissim"])
def test_the_odd_one_out_comes_first_and_backwards_last(by, tmp_path):
    odd = State(yaw_deg=55, light=Light(exposure=0.3))
    with Faceset(tmp_path) as faceset:
        for frame in range(6):
            add_face(faceset, odd if frame == 4 else State(yaw_deg=float(frame)), frame=frame)
    faceset = measured_faceset(tmp_path)
    assert frames(ordered(faceset, by))[0] == 4
    assert frames(ordered(faceset, by, backwards=True))[-1] == 4


def test_original_names_bring_back_the_order_of_frames(tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame, name in enumerate(["c.png", "a.png", "b.png"]):
            faceset.add(noise(), make_record(clip="stills", frame=frame, source_name=name))
        for frame in (5, 2):
            faceset.add(noise(), make_record(clip="film", frame=frame))
    found = [(f.record.clip, f.record.frame) for f in ordered(faceset, "original-name")]
    assert found == [("film", 2), ("film", 5), ("stills", 1), ("stills", 2), ("stills", 0)]


def test_only_faces_alone_in_their_frame_are_chosen(tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame, person in ((0, 1), (1, 1), (1, 2), (2, 2)):
            faceset.add(noise(), make_record(frame=frame, person=person))
    found = ranking(faceset, "one-face-in-image")
    assert frames(found.faces) == [0, 2]
    assert frames(found.left_out) == [1, 1]
    assert frames(ranking(faceset, "one-face-in-image", backwards=True).faces) == [2, 0]


@pytest.mark.parametrize("by", ["final", "final-fast"])
def test_the_best_faces_look_everywhere_though_most_look_ahead(by, tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in range(40):
            yaw = float(frame % 5) if frame < 30 else -50.0 + 11 * (frame - 30)
            faceset.add(noise(seed=frame), make_record(frame=frame, yaw_deg=yaw))
    faceset = measured_faceset(tmp_path)
    found = ranking(faceset, by, options=SortOptions(target=32))
    assert (len(found.faces), len(found.left_out)) == (32, 8)
    assert {30, 31, 32, 37, 38, 39} - set(frames(found.faces)) == set()
    yaws = [face.record.yaw_deg for face in found.faces]
    assert yaws == sorted(yaws)
    backwards = ranking(faceset, by, backwards=True, options=SortOptions(target=32))
    assert frames(backwards.faces) == frames(found.faces)[::-1]


@pytest.mark.parametrize("by", [name for name, sort in SORTS.items() if sort.needs != "identity"])
def test_faces_of_equal_value_keep_the_order_of_frames(by, tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in range(5):
            faceset.add(noise(), make_record().model_copy(update={"frame": frame}))
    faceset = measured_faceset(tmp_path)
    assert frames(ordered(faceset, by)) == [0, 1, 2, 3, 4]
    assert frames(ordered(faceset, by, backwards=True)) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("by", SORTS)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_sort_takes_hardly_any_faces(by, count, tmp_path):
    with Faceset(tmp_path / "main") as faceset:
        for frame in range(count):
            faceset.add(noise(seed=frame), make_record(frame=frame))
    faceset = measured_faceset(tmp_path / "main")
    for backwards in (False, True):
        found = ranking(faceset, by, backwards=backwards)
        assert sorted(frames(found.faces)) == list(range(count))
        assert len(found.values) == count and found.left_out == []


@pytest.mark.parametrize("by", [name for name, sort in SORTS.items() if sort.needs == "pixels"])
def test_a_face_whose_file_vanished_comes_last_both_ways(by, tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in range(5):
            faceset.add(noise(seed=frame), make_record(frame=frame))
        faceset.faces()[1].path.unlink()
        list(measure_faces(faceset))
        for backwards in (False, True):
            found = ranking(faceset, by, backwards=backwards)
            if SORTS[by].chooses:
                assert frames(found.left_out) == [1]
            else:
                assert found.faces[-1].record.frame == 1 and np.isnan(found.values[-1])


@pytest.mark.parametrize("by", [name for name, sort in SORTS.items() if sort.needs == "record"])
def test_sorts_by_the_record_need_no_pixels(by, tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in range(3):
            faceset.add(noise(), make_record(frame=frame))
    assert len(ordered(faceset, by)) == 3


def test_no_file_is_renamed_or_written_by_a_sort(crowd):
    before = {path.name: path.stat().st_mtime_ns for path in crowd.folder.glob("*.png")}
    for by in SORTS:
        ordered(crowd, by)
    assert {path.name: path.stat().st_mtime_ns for path in crowd.folder.glob("*.png")} == before


def test_every_sort_says_what_comes_first():
    assert all(sort.first.endswith(".") and len(sort.first.split()) > 4 for sort in SORTS.values())


def test_an_unknown_sort_names_those_that_there_are(tmp_path):
    with pytest.raises(OptionInvalid, match="hist-dissim"):
        ordered(Faceset(tmp_path), "beauty")
