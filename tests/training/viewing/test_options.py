"""What people ask to see is what they get."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import TINY, asked, tiny_options
from understudy.errors import FacesUnknown
from understudy.facesets.store import Faceset
from understudy.media.images import decode_image
from understudy.training import duties
from understudy.training.train import train
from understudy.training.viewing.loss_plot import PLOT_NAME, course_of, write_loss_plot
from understudy.training.viewing.sheets import preview_paths, read_preview

Pair = tuple[Faceset, Faceset]


def trained(folder: Path, facesets: Pair, **changes: Any) -> Path:
    options = tiny_options(iterations=6, preview_every=100, **changes)
    src, dst = facesets
    list(train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    return folder


def rows(folder: Path) -> list[str]:
    found = read_preview(preview_paths(folder)[-1])
    assert found is not None
    return list(found.layout.rows)


def test_so_many_faces_are_shown_as_is_asked_or_those_that_are_named(tmp_path: Path, facesets: Pair) -> None:
    assert len(rows(trained(tmp_path / "a", facesets))) == 6
    assert len(rows(trained(tmp_path / "b", facesets, preview_rows=2))) == 2
    names = [face.path.stem for face in facesets[1].faces()]
    assert rows(trained(tmp_path / "c", facesets, preview_faces=f"2,{names[7]}")) == [names[1], names[7]]


def test_a_face_that_is_not_there_is_refused_before_anything_is_learnt(tmp_path: Path, facesets: Pair) -> None:
    with pytest.raises(FacesUnknown, match="'nobody'"):
        trained(tmp_path, facesets, preview_faces="nobody")
    assert not (tmp_path / "checkpoints").exists()


def test_the_picture_of_losses_has_the_scale_and_the_range_that_are_asked(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 1)
    said = ({}, {"loss_plot_scale": "linear"}, {"loss_plot_last": 3})
    folders = [trained(tmp_path / str(n), facesets, **changes) for n, changes in enumerate(said)]
    pictures = [decode_image((folder / PLOT_NAME).read_bytes()) for folder in folders]
    assert (pictures[0] != pictures[1]).any() and (pictures[0] != pictures[2]).any()


@pytest.mark.usefixtures("always_listening")
def test_what_is_asked_while_it_trains_is_shown_from_then_on(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 1)
    wishes = {3: {"loss_plot_last": 3, "preview_rows": 2}}
    list(asked(tmp_path, facesets, wishes, iterations=6, preview_every=2))
    drawn = (tmp_path / PLOT_NAME).read_bytes()
    few, all_of_them = (write_loss_plot(tmp_path, course_of(tmp_path, last=n)).read_bytes() for n in (3, 0))
    assert drawn == few != all_of_them
    shown = [read_preview(path) for path in preview_paths(tmp_path)]
    assert [len(one.layout.rows) for one in shown if one] == [6, 2, 2]


def test_a_training_that_begins_anew_sets_the_lost_ones_sheets_aside(tmp_path: Path, facesets: Pair) -> None:
    trained(tmp_path, facesets)
    shutil.rmtree(tmp_path / "checkpoints")
    preview_paths(tmp_path)[0].rename(tmp_path / "previews" / "000000050.png")
    trained(tmp_path, facesets)
    assert [path.stem for path in preview_paths(tmp_path)] == ["000000006"]
