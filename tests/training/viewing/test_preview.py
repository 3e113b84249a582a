"""Sheets show chosen faces under headings, spread over poses, and say themselves where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from tests.training.feeding.test_feed import caches
from understudy.errors import FacesUnknown
from understudy.faces.pose import poses_from_landmarks
from understudy.facesets.store import Faceset
from understudy.networks.face_model import FaceModel, Painted, of_side
from understudy.networks.swap import Side
from understudy.training.feeding.cache import FaceCache
from understudy.training.machine.device import Compute
from understudy.training.viewing.preview import Chosen, chosen_faces, preview_sheet
from understudy.training.viewing.sheets import Preview

COMPUTE = Compute(torch.device("cpu"), False)


class Flat(FaceModel):
    """Paints src red and dst green, with a mask on the left half; `morph` makes src darker."""

    def __init__(self, *, morph: float | None = None) -> None:
        super().__init__(32, seen_px=16)
        self.morph = morph

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        assert faces_BCHW.shape[-1] == 16
        return faces_BCHW

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        return features

    def decode(self, code: Tensor, shown: Side) -> Painted:
        faces = torch.zeros(len(code), 3, 32, 32)
        faces[:, 0 if shown == "src" else 1] = 1.0 if self.morph is None else self.morph
        masks = torch.zeros(len(code), 1, 32, 32)
        masks[..., :16] = 1
        return Painted(faces, masks)


@pytest.fixture
def pair(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> list[FaceCache]:
    return caches(tmp_path, facesets)


def cell(preview: Preview, row: int, column: str) -> np.ndarray:
    layout = preview.layout
    top, left = layout.top_px[row], layout.left_px[list(layout.columns).index(column)]
    return preview.picture[top : top + layout.cell_px, left : left + layout.cell_px]


def test_each_column_shows_what_its_heading_says(pair: list[FaceCache]) -> None:
    made = preview_sheet(Flat(), *pair, COMPUTE, Chosen([3, 4], [1, 2]))
    assert made.layout.columns == ["src", "src as src", "dst", "dst as dst", "dst as src", "in dst", "mask"]
    for row in range(2):
        for column, color in (("src as src", 0), ("dst as dst", 1), ("dst as src", 0)):
            middle = cell(made, row, column)[40:-10, 10:-10]
            assert middle[..., color].min() > 250 and np.delete(middle, color, -1).max() < 5
    m = pair[1].margin_px
    real = pair[1].images_NHWC[1, m : m + 32, m : m + 32]
    assert abs(cell(made, 0, "dst").mean((0, 1)) - real.mean((0, 1))).max() < 4


def test_the_masked_variant_leaves_dst_where_the_mask_is_not(pair: list[FaceCache]) -> None:
    made = preview_sheet(Flat(), *pair, COMPUTE, Chosen([3], [1]))
    pasted, dst = cell(made, 0, "in dst"), cell(made, 0, "dst")
    assert pasted[:, :50, 0].min() > 250
    mask = cell(made, 0, "mask")
    assert mask[:, :50].min() > 250 and mask[:, -50:].max() < 5
    np.testing.assert_allclose(pasted[:, -50:].astype(int), dst[:, -50:], atol=2)


def test_a_network_that_blends_is_shown_at_several_shares_and_left_as_it_was(pair: list[FaceCache]) -> None:
    model = Flat(morph=0.3)
    made = preview_sheet(model, *pair, COMPUTE, Chosen([3], [1]))
    shares = ["25% src", "50% src", "65% src", "75% src"]
    assert made.layout.columns[4:] == [*shares, "dst as src", "in dst", "mask"]
    assert abs(cell(made, 0, "50% src")[..., 0].mean() - 127) < 3
    assert model.morph == 0.3


def test_a_network_that_sees_three_frames_is_shown_dsts_frames_before_and_after(pair: list[FaceCache]) -> None:
    class SeesThree(Flat):
        frames_together = 3

        def swap_run(self, run: Sequence[Tensor]) -> Painted:
            self.run = run
            return self.swap(run[1])

    src, dst = pair
    model, moments = SeesThree(), tuple(("dst", 1, frame) for frame in range(len(dst)))
    preview_sheet(model, src, replace(dst, moments=moments), COMPUTE, Chosen([3, 4], [0, 2]))
    before, now, after = ([int(each.argmin()) for each in _apart(model, dst, one)] for one in model.run)
    assert (before, now, after) == ([0, 1], [0, 2], [1, 3])


def _apart(model: Flat, dst: FaceCache, faces_BCHW: Tensor) -> np.ndarray:
    """How far each of these faces is from every face of the cache, (faces, cache)."""
    m, size = dst.margin_px, dst.size_px
    known = torch.from_numpy(dst.images_NHWC[:, m : m + size, m : m + size].copy()).permute(0, 3, 1, 2) / 255
    known = of_side(known, model.seen_px)
    return (faces_BCHW[:, None] - known[None]).abs().mean((2, 3, 4)).numpy()


def test_rows_are_spread_over_the_directions_dst_looks_in(pair: list[FaceCache]) -> None:
    src, dst = pair
    chosen = chosen_faces(src, dst, rows=4)
    yaws = poses_from_landmarks(dst.landmarks_N68)[:, 0]
    shown = yaws[list(chosen.dst)]
    assert (np.diff(shown) > 0).all() and np.ptp(shown) > 0.8 * np.ptp(yaws)
    of_src = poses_from_landmarks(src.landmarks_N68)[list(chosen.src), 0]
    assert np.abs(of_src - shown).max() < 8


def test_faces_are_chosen_by_name_or_number(pair: list[FaceCache]) -> None:
    src, dst = pair
    stem = Path(dst.names[5]).stem
    assert list(chosen_faces(src, dst, rows=6, names=f"3, {stem},{dst.names[0]}").dst) == [2, 5, 0]
    with pytest.raises(FacesUnknown, match="12 faces"):
        chosen_faces(src, dst, rows=6, names="99")


def test_a_network_that_paints_whole_frames_is_shown_beside_the_real_ones(pair: list[FaceCache]) -> None:
    src, dst = pair
    frames = np.full((len(src), 32, 32, 3), (0, 0, 200), np.uint8)
    model = Flat()
    model.paints_frame = True
    made = preview_sheet(model, replace(src, frames_NHWC=frames), dst, COMPUTE, Chosen([3], [1]))
    assert made.layout.columns == ["src", "src frame", "src as src", "dst", "dst as dst", "dst as src"]
    np.testing.assert_allclose(cell(made, 0, "src frame")[40:-10, 10:-10].mean((0, 1)), (0, 0, 200), atol=1)
