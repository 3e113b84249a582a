"""What segmenters see is made once, few of them stay loaded, and one that learned more is loaded anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.studio.rooms.masks.conftest import FIRST, SECOND
from understudy.errors import ModelUnknown, SegmenterUnknown
from understudy.masks.segmenter import Segmenters
from understudy.project.project import Project
from understudy.studio.rooms.masks.seeing import LOADED, Seeing


class Half:
    """Sees the left half, and counts."""

    looked = 0

    def segment(self, crops_NHWC: Any, landmarks_N682: Any) -> Any:
        Half.looked += 1
        masks = np.zeros(crops_NHWC.shape[:3], np.float32)
        masks[:, :, :16] = 1
        return masks


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of segmenters in the order in which they were loaded."""
    names: list[str] = []

    def load(_self: Segmenters, name: str) -> Half:
        names.append(name)
        return Half()

    monkeypatch.setattr(Segmenters, "load", load)
    monkeypatch.setattr(Segmenters, "made_by", lambda _self, name: f"{name} of today")
    Half.looked = 0
    return names


def test_a_face_is_looked_at_once_and_a_segmenter_loaded_once(filled: Project, loads: list[str]) -> None:
    seeing = Seeing()
    for face in (FIRST, SECOND, FIRST):
        mask = seeing.mask(filled, "dst", face, "seg:mic")
        assert mask[:, :16].min() == 255 and mask[:, 16:].max() == 0
    assert loads == ["mic"] and Half.looked == 2


def test_few_segmenters_stay_loaded(filled: Project, loads: list[str]) -> None:
    seeing = Seeing()
    for name in ("a", "b", "c", "d"):
        seeing.mask(filled, "dst", FIRST, f"seg:{name}")
    assert seeing.loaded == ["seg:c", "seg:d"] and len(seeing.loaded) == LOADED


def test_one_that_has_learned_more_looks_anew(
    filled: Project, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing = Seeing()
    seeing.mask(filled, "dst", FIRST, "seg:mic")
    monkeypatch.setattr(Segmenters, "made_by", lambda _self, name: f"{name} of tomorrow")
    seeing.mask(filled, "dst", FIRST, "seg:mic")
    assert loads == ["mic", "mic"] and Half.looked == 2 and seeing.loaded == ["seg:mic"]


def test_who_is_not_there_is_refused(filled: Project) -> None:
    with pytest.raises(SegmenterUnknown):
        Seeing().mask(filled, "dst", FIRST, "seg:nobody")
    with pytest.raises(ModelUnknown, match="no model called 'nobody'; it has"):
        Seeing().mask(filled, "dst", FIRST, "learned:nobody")
