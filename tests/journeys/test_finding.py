"""Faces of rendered actors are found where they are: a part of `benchmarks/finding.py`, with its goals."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.finding import Search, false_faces, result_of, trembling
from benchmarks.finding_shots import shots, still_heads, truth_of

pytestmark = pytest.mark.journey
FRAMES = 30


def _found(name: str, folder: Path) -> Search:
    (shot,) = [shot for shot in shots(FRAMES) if shot.name == name]
    return result_of(shot, folder)


@pytest.mark.parametrize(
    "name", ["sweep, small, dark skin, top light", "quick turns, small", "sweep, back light", "tilting"]
)
def test_a_face_within_45_degrees_is_in_the_faceset_in_every_frame(name: str, tmp_path: Path) -> None:
    found = _found(name, tmp_path)
    assert len(found.after) == FRAMES and min(found.height_px) >= 80 * 0.9
    missing = [index for index, there in enumerate(found.after) if not there]
    assert not missing, f"of {FRAMES} frames the faceset lacks {missing}; the detector saw {sum(found.raw)}"
    assert found.false_raw == found.false_after == 0
    assert found.people == 1


def test_a_solid_that_passes_hides_a_face_only_where_it_hides_nearly_half_of_it(tmp_path: Path) -> None:
    found = _found("covered, dark skin", tmp_path)
    truth = truth_of(tmp_path)
    missing = {index for index, there in enumerate(found.after) if not there}
    assert missing <= {index for index, (face,) in enumerate(truth) if face["seen_share"] < 0.58}
    assert found.people == 1


def test_a_still_head_before_a_noisy_sensor_rests(tmp_path: Path) -> None:
    shot = still_heads(FRAMES)[1]
    result_of(shot, tmp_path)
    stray = trembling(tmp_path / "project")
    assert stray["frames"] == FRAMES
    assert stray["after_px"] <= 0.3
    assert stray["after_px"] < stray["before_px"]


def test_no_face_is_seen_where_nobody_is() -> None:
    assert false_faces(60) == 0
