"""A project's own segmenter on disk and at work: it sees its crop, lays its mask back, trusts no file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.masks.test_segmenter import SIZE, faces
from understudy import __version__
from understudy.errors import OptionInvalid, SegmenterUnknown, UnsafeFile
from understudy.masks.own import (
    AboutSegmenter,
    OwnSegmenter,
    laid_back,
    mask_logits,
    mask_of_two_looks,
    open_segmenter,
    publish,
    read_about,
    square,
    write_about,
)
from understudy.masks.segmenter import SEGMENTERS, Segmenters, stock_segmenter
from understudy.networks.dense_face import DenseFaceNet

ABOUT = AboutSegmenter(face_type="full", size_px=64, iteration=3)


def network(level: float = 0.0) -> DenseFaceNet:
    """One whose mask has about the same value everywhere."""
    made = DenseFaceNet()
    with torch.no_grad():
        made.mask_head.out.weight.zero_()
        made.mask_head.out.bias.fill_(level)
    return made


def test_it_sees_as_much_as_its_face_type_shows_and_nothing_beyond() -> None:
    crops, points = faces()
    half, head = (
        OwnSegmenter(network(9.0), face_type=kind, size_px=64).segment(crops, points)
        for kind in ("half", "head")
    )
    assert half.shape == (2, SIZE, SIZE) and half.dtype == np.float32
    assert half[0, 64, 64] > 0.99 and half[0, 2, 2] == 0
    assert head[0].mean() > half[0].mean() + 0.2


def test_a_picture_and_its_mirror_image_have_the_same_mask() -> None:
    torch.manual_seed(0)
    one_sided = DenseFaceNet().eval().folded()
    crops = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        mask, mirrored = (mask_of_two_looks(one_sided, seen) for seen in (crops, crops.flip(-1)))
        single = mask_logits(one_sided, crops).sigmoid()
    torch.testing.assert_close(mask, mirrored.flip(-1))
    assert (mask - single).abs().max() > 1e-3, "a single look is another one"


def test_what_is_fainter_than_a_tenth_is_nothing() -> None:
    crops, points = faces()
    faint = OwnSegmenter(network(-2.5), face_type="full", size_px=64).segment(crops, points)
    plain = OwnSegmenter(network(-1.5), face_type="full", size_px=64).segment(crops, points)
    assert faint.max() == 0 and plain[0, 64, 64] == pytest.approx(0.182, abs=0.01)


def test_a_face_looks_the_same_alone_and_among_many_none_give_none_and_nonsense_gives_numbers() -> None:
    crops, points = faces()
    torch.manual_seed(0)
    segmenter = OwnSegmenter(DenseFaceNet(), face_type="full", size_px=64)
    many = segmenter.segment(np.repeat(crops, 10, 0), np.repeat(points, 10, 0))
    np.testing.assert_allclose(segmenter.segment(crops[1:], points[1:])[0], many[15], atol=1e-5)
    assert segmenter.segment(crops[:0], points[:0]).shape == (0, SIZE, SIZE)
    assert np.isfinite(segmenter.segment(crops, points - 500)).all()
    assert np.isfinite(segmenter.segment(crops, np.full_like(points, np.nan))).all()


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_a_square_that_is_cut_and_laid_back_lies_where_it_was(scale: float) -> None:
    rows, columns = np.mgrid[0:96, 0:96]
    disc = (np.hypot(rows - 40, columns - 55) < 20).astype(np.uint8) * 255
    matrix = np.array([[scale, 0, 3.0], [0, scale, 5.0]])
    cut = square(np.repeat(disc[..., None], 3, 2), matrix, round(96 * scale) + 12)
    back = laid_back(cut[..., 0].astype(np.float32) / 255, matrix, 96)
    assert np.abs(back - disc / 255).mean() < 0.02
    assert abs((back * columns).sum() / back.sum() - 55) < 0.1


def test_published_weights_are_what_it_looks_with(tmp_path: Path) -> None:
    folder = tmp_path / "mic"
    about = publish(folder, ABOUT, network(9.0).state_dict())
    assert read_about(folder) == about and about.has_learned
    crops, points = faces()
    assert open_segmenter(folder).segment(crops, points)[0, 64, 64] > 0.99
    publish(folder, about.model_copy(update={"iteration": 9}), network(-9.0).state_dict())
    assert open_segmenter(folder).segment(crops, points).max() == 0


def test_a_broken_segmenter_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "mic"
    with pytest.raises(SegmenterUnknown, match="There is no segmenter 'mic'"):
        open_segmenter(folder)
    write_about(folder, ABOUT)
    with pytest.raises(SegmenterUnknown, match="learned nothing yet"):
        open_segmenter(folder)
    about = publish(folder, ABOUT, {"strange": torch.zeros(3)})
    with pytest.raises(UnsafeFile, match="belong to another network"):
        open_segmenter(folder)
    (folder / about.weights).write_bytes(b"torn")
    with pytest.raises(UnsafeFile, match="not the ones that were written"):
        open_segmenter(folder)
    (folder / about.weights).unlink()
    with pytest.raises(UnsafeFile, match="are gone"):
        open_segmenter(folder)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"face_type": "full"}',
        '{"face_type": "full", "size_px": 100}',
        '{"face_type": "full", "size_px": 64, "weights": "../../secret.safetensors"}',
        '{"face_type": "full", "size_px": 64, "layout": 99}',
    ],
)
def test_a_description_that_can_not_be_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "segmenter.json").write_text(text)
    with pytest.raises(UnsafeFile, match=r"can't be read|newer understudy"):
        read_about(tmp_path)


def test_names_are_those_of_the_product_and_the_projects_own(tmp_path: Path) -> None:
    publish(tmp_path / "mic", ABOUT, network().state_dict())
    (tmp_path / "not-one").mkdir()
    known = Segmenters(tmp_path)
    assert known.own() == ["mic"] and known.names() == [*SEGMENTERS, "mic"]
    assert isinstance(known.load("mic"), OwnSegmenter)
    assert Segmenters().names() == list(SEGMENTERS)
    with pytest.raises(SegmenterUnknown, match=r"no segmenter 'mike'; known are .*skin.*mic"):
        known.load("mike")
    with pytest.raises(SegmenterUnknown, match="no segmenter 'skin' of its own; it has mic"):
        known.require_own("skin")
    for name in ("skin", "nothing", "a/b", "..", ""):
        with pytest.raises(OptionInvalid):
            known.folder_of(name)


def test_it_looks_on_the_device_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "mic", ABOUT, network().state_dict())
    asked: list[torch.device] = []
    monkeypatch.setattr(
        "understudy.faces.dense.reader.FaceReader", lambda *, device: asked.append(device) or object()
    )
    for known in (Segmenters(tmp_path).on("meta"), Segmenters(tmp_path, "meta")):
        own = known.load("mic")
        assert isinstance(own, OwnSegmenter)
        assert {value.device.type for value in own._network.state_dict().values()} == {"meta"}
        known.load("dense")
    stock_segmenter("meta")
    assert asked == [torch.device("meta")] * 3


def test_its_masks_are_noted_under_another_name_as_soon_as_it_has_learned_more(tmp_path: Path) -> None:
    known = Segmenters(tmp_path)
    about = publish(tmp_path / "mic", ABOUT, network().state_dict())
    before = known.made_by("mic")
    write_about(tmp_path / "mic", about.model_copy(update={"faces": 3}))
    assert known.made_by("mic") == before
    publish(tmp_path / "mic", about, network(1.0).state_dict())
    assert known.made_by("mic") != before
    assert json.loads((tmp_path / "mic" / "segmenter.json").read_text())["size_px"] == 64


def test_masks_from_before_segmenters_looked_twice_are_told_from_those_of_today(tmp_path: Path) -> None:
    about = publish(tmp_path / "mic", ABOUT, network().state_dict())
    once = {"mic": f"mic {about.sha256[:16]}", "dense": f"dense {__version__}"}
    assert not [name for name, made_by in once.items() if Segmenters(tmp_path).made_by(name) == made_by]


def test_the_stock_segmenter_is_the_best_that_can_look_here(monkeypatch: pytest.MonkeyPatch) -> None:
    crops, points = faces()
    assert stock_segmenter()[1].segment(crops[:1], points[:1]).shape == (1, SIZE, SIZE)
    monkeypatch.setitem(SEGMENTERS, "dense", lambda _: OwnSegmenter(network(), face_type="full", size_px=64))
    assert isinstance(stock_segmenter()[1], OwnSegmenter)
