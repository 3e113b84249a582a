"""A segmenter learns a cover that the ones of understudy take for face: drawn, trained, applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.user_masks import measured


@pytest.mark.journey
def test_a_hand_of_the_faces_own_colour_is_learned_from_drawn_faces(tmp_path: Path) -> None:
    words = [
        "--start",
        "nothing",
        "--iterations",
        "150",
        "--minutes",
        "0",
        "--patience",
        "0",
        "--previews",
        "2",
    ]
    found = measured(tmp_path, count=30, drawn=15, words=words)
    assert found["hand"] > found["skin"] + 0.04 and found["hand"] > 0.85
