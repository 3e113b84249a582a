"""A canvas becomes the library's grey picture and back."""

from __future__ import annotations

import base64

import numpy as np

from understudy.jobs.facesets.drawing import FaceDrawing
from understudy.studio.rooms.masks.shapes import as_json, drawing_from


def test_every_strength_of_paint_survives_the_way_to_a_window_and_back() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    sent = as_json(FaceDrawing("a.jpg", 16, (), grey, "", (), "r"))
    assert base64.b64decode(sent["painted"]).startswith(b"\x89PNG")
    back = drawing_from("a.jpg", 16, [], sent["painted"], mark="", revision="r").grey_HW
    np.testing.assert_array_equal(back, grey)
