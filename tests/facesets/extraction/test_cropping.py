"""Where a person's faces are cut: on landmarks that are steadied over each track, unless that is unwanted."""

from __future__ import annotations

import numpy as np

from tests.facesets.extraction.test_people import face
from understudy.facesets.extraction.cropping import planned
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import people_of

TREMBLING = 50 + np.random.default_rng(0).normal(0, 0.4, 24)  # a face that rests, as a landmarker sees it


def places(*, every: int = 1, **said: object) -> np.ndarray:
    """Where the trembling face, seen in every so many frames, is cut in each of them, (24,)."""
    options = ExtractOptions.model_validate({"frame_step": every, **said})
    film = [FoundFrame(every * n, every * n / 25, [face(x, 1)]) for n, x in enumerate(TREMBLING)]
    (person,) = people_of(film, options)
    return np.array([plan.landmarks_68[:, 0].mean() for plan in planned(person, options)])


def test_what_trembles_is_steadied_unless_that_is_unwanted() -> None:
    still, found = places(), places(smooth=False)
    assert np.diff(still).std() < 0.3 * np.diff(found).std()
    np.testing.assert_allclose(np.diff(found), np.diff(TREMBLING), atol=1e-9)


def test_frames_that_nobody_looked_at_are_no_gap_in_what_is_steadied() -> None:
    np.testing.assert_allclose(places(every=9), places(), atol=1e-9)
