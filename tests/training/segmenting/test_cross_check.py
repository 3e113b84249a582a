"""Every drawn face is measured once, by a network that never saw it; what is done is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.segmenting.conftest import QUICK, Hull, tiny
from tests.training.segmenting.test_train import summary, trained
from understudy.errors import FacesetUnusable, MemoryTooSmall, SegmenterUnknown
from understudy.events import Event, Progress, StageStarted
from understudy.files import sha256_of
from understudy.masks.own import read_about
from understudy.training.segmenting import cross_check as module
from understudy.training.segmenting.cross_check import CHECK_NAME, cross_check, figures
from understudy.training.segmenting.drawn import DrawnFaces, Named


def checked(folder: Path, facesets: list[Named], *, parts: int = 3, **changes: object) -> list[Event]:
    options = tiny(**changes)
    return list(
        cross_check(folder, facesets=facesets, options=options, stock=Hull(), parts=parts, device="cpu")
    )


@pytest.fixture
def folder(drawn: list[Named], tmp_path: Path) -> Path:
    trained(tmp_path / "bar", drawn, iterations=2, look_every=1, learning_rate=QUICK)
    return tmp_path / "bar"


def test_every_face_is_held_out_once_and_the_segmenter_stays(
    drawn: list[Named], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, real = [], module.Shelf
    monkeypatch.setattr(
        module, "Shelf", lambda faces, device: learned.append(faces.names) or real(faces, device)
    )
    measured, overlaps = [], module._overlaps

    def watched(learner: object, faces: DrawnFaces) -> list[float]:
        measured.append(faces.names)
        return overlaps(learner, faces)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_overlaps", watched)
    before = sha256_of(folder)
    said = summary(checked(folder, drawn))
    assert said["faces"] == 12 and said["parts"] == 3 and 0 <= said["worst"] <= said["overlap"] <= said["best"]
    assert len({name for names in measured for name in names}) == sum(map(len, measured)) == 12
    assert all(not set(one) & set(other) for one, other in zip(learned, measured, strict=True))
    (folder / CHECK_NAME).unlink()
    assert sha256_of(folder) == before


def test_it_learns_as_long_as_the_best_state_did(drawn: list[Named], folder: Path) -> None:
    about = read_about(folder)
    assert about and about.iteration
    steps = [event for event in checked(folder, drawn) if isinstance(event, Progress)]
    assert [step.done for step in steps] == list(range(1, 3 * about.iteration + 1))


def test_memory_that_ends_in_a_check_is_said_in_a_sentence(
    drawn: list[Named], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(module, "Shelf", full)
    with pytest.raises(MemoryTooSmall, match=r"memory of cpu.*at batch size \d+\. .*smaller --batch-size"):
        checked(folder, drawn)


def test_a_check_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(
    drawn: list[Named], folder: Path
) -> None:
    whole = summary(checked(folder, drawn))
    told = json.loads((folder / CHECK_NAME).read_text())
    (folder / CHECK_NAME).write_text(json.dumps(told | {"overlaps": told["overlaps"][:1]}))
    again = checked(folder, drawn)
    assert isinstance(again[0], StageStarted) and again[0].why == "goes on" and again[0].done > 0
    assert summary(again) == whole
    assert not [event for event in checked(folder, drawn) if isinstance(event, Progress)]
    anew = checked(folder, drawn, seed=1)
    assert isinstance(anew[0], StageStarted) and anew[0].done == 0, "another check begins anew"
    (folder / CHECK_NAME).write_text("{")
    assert summary(checked(folder, drawn)) == whole


def test_what_can_not_be_checked_is_said(drawn: list[Named], folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SegmenterUnknown, match="train it first"):
        checked(tmp_path / "new", drawn)
    with pytest.raises(FacesetUnusable, match="12 drawn faces can't be held out in 13 parts"):
        checked(folder, drawn, parts=13)


def test_figures_are_the_mean_the_worst_and_the_best() -> None:
    assert figures([0.5, 0.9, 1.0]) == {"overlap": pytest.approx(0.8), "worst": 0.5, "best": 1.0}
    assert np.isclose(figures([0.25])["overlap"], 0.25)
