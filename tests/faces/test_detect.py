"""Every detector in the list keeps the promises of the interface."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.faces.people import frames_of
from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return render(DEMO_SRC, State(), size_px=160).rgb


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_answers_for_every_frame_with_boxes_around_their_points(name: str, face: np.ndarray) -> None:
    wall = np.full_like(face, 120)
    found = DETECTORS[name](FinderInputs()).detect(frames_of(face, wall, face))
    assert [len(faces) for faces in found] == [1, 0, 1]
    left, top, right, bottom = found[0][0].box_xyxy
    assert 0 <= found[0][0].score <= 1
    assert ((found[0][0].points_5 > [left, top]) & (found[0][0].points_5 < [right, bottom])).all()


@pytest.mark.parametrize("name", DETECTORS)
def test_a_face_smaller_than_asked_for_is_not_found(name: str, face: np.ndarray) -> None:
    wide = np.pad(face, ((0, 320), (0, 320), (0, 0)), constant_values=120)  # the face is a fifth of it
    assert len(DETECTORS[name](FinderInputs(smallest_face_share=0.1)).detect(frames_of(wide))[0]) == 1
    assert DETECTORS[name](FinderInputs(smallest_face_share=0.6)).detect(frames_of(wide)) == [[]]


def test_listing_detectors_loads_no_network() -> None:
    code = "import sys, understudy.faces.detect; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
