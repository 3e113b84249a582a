"""Every finished picture format carries the watermark where it shows a picture; masks and plates don't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.provenance.watermark.footage import plain_footage
from understudy.files import write_json
from understudy.media.exr import read_exr_layers
from understudy.media.images import encode_png, read_image, read_image_deep
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.marking import with_watermark
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.shown import Shown
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.reading import read_watermark
from understudy.provenance.xmp import source_type_in

NUMBER = 0xABC


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    (folder / "masks").mkdir(parents=True)
    mask = np.zeros((480, 640), np.uint8)
    mask[100:400, 150:500] = 255
    (folder / "000000.png").write_bytes(encode_png(plain_footage()[0]))
    (folder / "masks" / "000000.png").write_bytes(encode_png(mask))
    write_json(folder / "merge.json", {"version": 1, "complete": True})
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "dst").mkdir()
    for index, frame in enumerate(plain_footage()[:2]):
        (tmp_path / "dst" / f"{index}.png").write_bytes(encode_png(frame))
    return tmp_path / "dst"


def delivered(clip: Path, merged: Path, out: Path, **options) -> Path:
    watermark = Watermark(NUMBER)
    list(encode(clip, merged_folder=merged, out=out, options=EncodeOptions(**options), watermark=watermark))
    return out


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("shot.mp4", {}),
        ("shot.mp4", {"codec": "hevc"}),
        ("shot.mov", {"codec": "prores"}),
        ("shot.mkv", {"codec": "ffv1"}),
        ("png", {"images": "png"}),
        ("png16", {"images": "png16"}),
        ("tiff", {"images": "tiff"}),
        ("exr", {"images": "exr"}),
    ],
)
def test_every_format_of_a_finished_shot_can_be_read(
    clip: Path, merged: Path, tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    reading = read_watermark(delivered(clip, merged, tmp_path / name, **options), everywhere=False)
    assert reading is not None and reading.found.number == NUMBER


def test_a_mask_keeps_its_numbers(clip: Path, merged: Path, tmp_path: Path) -> None:
    out = delivered(clip, merged, tmp_path / "mask", content="mask")
    assert set(np.unique(read_image(out / "0.png"))) == {0, 255}


def test_of_a_face_alone_only_what_is_opaque_is_marked(clip: Path, merged: Path, tmp_path: Path) -> None:
    marked = read_image_deep(delivered(clip, merged, tmp_path / "face", content="face") / "0.png")
    change = np.abs(marked.astype(int) - plain_footage()[0]).max(axis=2)
    assert change[:100].max() == 0 and change[:, 500:].max() == 0
    assert change[100:400, 150:500].mean() > 0.3


def test_the_plate_in_an_exr_stays_as_it_was_shot(clip: Path, merged: Path, tmp_path: Path) -> None:
    marked = delivered(clip, merged, tmp_path / "marked", images="exr")
    list(encode(clip, merged_folder=merged, out=tmp_path / "plain", options=EncodeOptions(images="exr")))
    one, other = (read_exr_layers(folder / "0.exr") for folder in (marked, tmp_path / "plain"))
    assert np.array_equal(one["plate"], other["plate"])
    assert not np.array_equal(one[""], other[""])


def test_without_a_mark_nothing_changes() -> None:
    frame = plain_footage()[0]
    shown = Shown(0, 0, frame, frame, swapped=True)
    assert [each.rgb for each in with_watermark([shown], None, EncodeOptions())] == [frame]


@pytest.mark.parametrize(
    ("images", "first"), [("png", "0.png"), ("png16", "0.png"), ("tiff", "0.tif"), ("exr", "0.exr")]
)
def test_stills_with_a_painted_face_say_their_source_in_their_metadata(
    clip: Path, merged: Path, tmp_path: Path, images: str, first: str
) -> None:
    out = delivered(clip, merged, tmp_path / "out", images=images)
    assert source_type_in(out / first) == "compositeWithTrainedAlgorithmicMedia"
    assert source_type_in(out / first.replace("0", "1")) == "", "nothing was painted into frame 1"


def test_a_mask_is_no_composite(clip: Path, merged: Path, tmp_path: Path) -> None:
    assert source_type_in(delivered(clip, merged, tmp_path / "mask", content="mask") / "0.png") == ""


@pytest.mark.parametrize(("name", "says"), [("shot.mp4", True), ("shot.mov", True), ("shot.mkv", False)])
def test_a_movie_says_it_where_its_container_has_a_place_for_it(
    clip: Path, merged: Path, tmp_path: Path, name: str, says: bool
) -> None:
    word = source_type_in(delivered(clip, merged, tmp_path / name))
    assert word == ("compositeWithTrainedAlgorithmicMedia" if says else "")


def test_a_movie_of_masks_is_no_composite_either(clip: Path, merged: Path, tmp_path: Path) -> None:
    assert source_type_in(delivered(clip, merged, tmp_path / "mask.mov", content="mask")) == ""
