"""The visible label."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.media.color_spaces import ColorSpace
from understudy.media.hdr_curves import HDR_CURVES
from understudy.merging.delivery.label import Label
from understudy.merging.delivery.options import LABEL_WORDS, EncodeOptions


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_words_are_light_on_darkened_ground_in_the_lower_left(dtype) -> None:
    most = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    grey = dtype(most / 2)
    frame = np.full((120, 200, 3), grey, dtype)
    labelled = Label(EncodeOptions(label="made with AI"), width=200, height=120).drawn(frame)
    assert labelled.dtype == dtype and (frame == grey).all()
    changed = np.argwhere((labelled != frame).any(-1))
    assert changed[:, 0].min() > 80 and changed[:, 1].max() < 140
    assert labelled.max() > 0.9 * most and labelled.min() < 0.4 * most


@pytest.mark.parametrize("name", ["PQ", "HLG", "ARRI LogC4", "ACEScct"])
@pytest.mark.parametrize("ground", [0.2, 6.0])
def test_in_every_colour_space_words_are_as_white_as_a_page_on_darker_ground(name: str, ground: float) -> None:
    """A log curve's greatest number is light of 50 to 500, and PQ's is 10,000 cd/m2."""
    if name not in HDR_CURVES:
        pytest.importorskip("PyOpenColorIO", reason="opencolorio is not installed")
    space = ColorSpace(name)
    frame = space.from_light(np.full((120, 200, 3), ground, np.float32), np.dtype(np.uint16))
    label = Label(EncodeOptions(label="made with AI", label_size=0.1), width=200, height=120, space=space)
    labelled = label.drawn(frame)
    changed = (labelled != frame).any(-1)
    light = space.light_of(labelled)[changed]
    assert light.max() == pytest.approx(1, abs=0.01)
    assert light.min() < 0.3 * min(ground, 1)
    assert labelled.dtype == np.uint16 and 0.01 < changed.mean() < 0.5


def test_words_on_a_lamp_in_linear_light_can_be_read() -> None:
    lamp = np.full((120, 200, 3), 40.0, np.float32)
    labelled = Label(EncodeOptions(label="made with AI"), width=200, height=120).drawn(lamp)
    inside = labelled[(labelled != lamp).any(-1)]
    assert inside.max() == pytest.approx(1, abs=0.02) and inside.min() < 0.4


@pytest.mark.parametrize("words", ["", "  "])
def test_no_words_leave_the_very_same_frame(words: str) -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    assert Label(EncodeOptions(label=words), width=40, height=40).drawn(frame) is frame


@pytest.mark.parametrize("words", ["ein sehr langer Hinweis auf künstliche Bilder " * 3, "Prøve"])
@pytest.mark.parametrize("size", [(16, 16), (64, 48)])
def test_a_label_that_does_not_fit_is_cut_off_and_harms_nothing(words: str, size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), 128, np.uint8)
    assert Label(EncodeOptions(label=words), width=size[0], height=size[1]).drawn(frame).shape == frame.shape


def covered(**options) -> tuple[slice, slice]:
    """The rows and columns that a label changes in a frame of 400 x 200."""
    frame = np.full((200, 400, 3), 128, np.uint8)
    label = Label(EncodeOptions.model_validate({"label": "AI", **options}), width=400, height=200)
    rows, columns = np.nonzero((label.drawn(frame) != frame).any(-1))
    return slice(rows.min(), rows.max()), slice(columns.min(), columns.max())


def test_the_label_stands_where_it_is_wanted() -> None:
    for place, is_low, middle in (
        ("lower-left", True, range(40)),
        ("lower-right", True, range(360, 400)),
        ("upper-left", False, range(40)),
        ("upper-right", False, range(360, 400)),
        ("lower-middle", True, range(190, 210)),
    ):
        rows, columns = covered(label_place=place)
        assert (rows.start > 100) == is_low
        assert (columns.start + columns.stop) // 2 in middle, place


def test_a_larger_label_has_larger_letters() -> None:
    small, large = (covered(label_size=size)[0] for size in (0.06, 0.18))
    assert large.stop - large.start > 2 * (small.stop - small.start)


def test_a_label_of_some_seconds_is_gone_after_them() -> None:
    frame = np.full((40, 80, 3), 128, np.uint8)
    label = Label(EncodeOptions(label="AI", label_seconds=3), width=80, height=40)
    assert label.drawn(frame, time_s=2.96) is not frame
    assert label.drawn(frame, time_s=3.0) is frame
    always = Label(EncodeOptions(label="AI"), width=80, height=40)
    assert always.drawn(frame, time_s=1e6) is not frame


@pytest.mark.parametrize("language", list(LABEL_WORDS))
def test_every_language_has_words_that_are_drawn(language: str) -> None:
    options = EncodeOptions.model_validate({"label_language": language})
    assert options.label_words() == LABEL_WORDS[options.label_language or "en"]
    frame = np.full((100, 300, 3), 128, np.uint8)
    assert (Label(options, width=300, height=100).drawn(frame) != frame).any()
    assert EncodeOptions.model_validate({"label": "mine", "label_language": language}).label_words() == "mine"


def test_letters_with_accents_are_drawn_and_not_replaced_by_boxes() -> None:
    shapes = set()
    for letter in "eéèøłźü影":
        frame = np.full((60, 60, 3), 128, np.uint8)
        label = Label(EncodeOptions(label=letter, label_size=0.2), width=60, height=60)
        shapes.add((label.drawn(frame) > 200).tobytes())
    assert len(shapes) == 8, "letters that a font lacks all look the same"


def test_long_words_get_letters_that_fit_into_the_frame() -> None:
    words = "made with artificial intelligence by everybody"
    for place in ("lower-left", "lower-right", "lower-middle"):
        rows, columns = covered(label=words, label_size=0.2, label_place=place)
        assert columns.start > 0 and columns.stop < 399 and columns.stop - columns.start > 300, place
        assert rows.stop - rows.start > 10
