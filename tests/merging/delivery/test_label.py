"""The visible label."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.merging.delivery.label import Label


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_words_are_light_on_darkened_ground_in_the_lower_left(dtype) -> None:
    most = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    grey = dtype(most / 2)
    frame = np.full((120, 200, 3), grey, dtype)
    labelled = Label("made with AI", width=200, height=120).drawn(frame)
    assert labelled.dtype == dtype and (frame == grey).all()
    changed = np.argwhere((labelled != frame).any(-1))
    assert changed[:, 0].min() > 80 and changed[:, 1].max() < 140
    assert labelled.max() > 0.9 * most and labelled.min() < 0.4 * most


@pytest.mark.parametrize("words", ["", "  "])
def test_no_words_leave_the_very_same_frame(words: str) -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    assert Label(words, width=40, height=40).drawn(frame) is frame


@pytest.mark.parametrize("words", ["ein sehr langer Hinweis auf künstliche Bilder " * 3, "Prøve"])
@pytest.mark.parametrize("size", [(16, 16), (64, 48)])
def test_a_label_that_does_not_fit_is_cut_off_and_harms_nothing(words: str, size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), 128, np.uint8)
    assert Label(words, width=size[0], height=size[1]).drawn(frame).shape == frame.shape
