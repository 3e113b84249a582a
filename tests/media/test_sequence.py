"""A folder of images is a clip like any other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.made import number_of, numbered
from understudy.errors import ClipSizesDiffer, ClipUnreadable
from understudy.media.exr import encode_exr
from understudy.media.images import encode_jpeg, encode_png, sixteen_bit
from understudy.media.sequence import ImageFolderClip, natural_key


def _folder(path: Path, names: list[str]) -> Path:
    path.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        picture = numbered(number)
        (path / name).write_bytes(encode_jpeg(picture) if name.endswith("jpg") else encode_png(picture))
    return path


def test_images_come_in_the_natural_order_of_their_names(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", ["shot1.png", "shot2.png", "shot9.jpg", "Shot10.png", "shot101.png"])
    clip = ImageFolderClip(folder)
    frames = list(clip.frames())
    assert [number_of(f.rgb) for f in frames] == [0, 1, 2, 3, 4]
    assert [f.pts for f in frames] == list(clip.timestamps()) == [0, 1, 2, 3, 4]
    assert frames[2].time_s == pytest.approx(2 / 25)
    assert [f.name for f in frames] == ["shot1.png", "shot2.png", "shot9.jpg", "Shot10.png", "shot101.png"]


def test_order_is_the_same_whatever_the_folder_says_first() -> None:
    names = ["a.png", "a1.png", "a02.png", "a2.png", "a10.png", "b.png", "10.png", "9.png"]
    once = sorted((Path(n) for n in names), key=natural_key)
    assert sorted((Path(n) for n in names[::-1]), key=natural_key) == once
    assert [p.name for p in once[:2]] == ["9.png", "10.png"]


def test_hidden_and_other_files_are_ignored(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", ["1.png", "2.png"])
    (folder / "._1.png").write_bytes(b"resource fork")
    (folder / ".hidden.png").write_bytes(encode_png(numbered(0, width=16)))
    (folder / "notes.txt").write_text("no image")
    (folder / "deeper.png").mkdir()
    clip = ImageFolderClip(folder)
    assert clip.info.frame_count == 2
    assert not clip.info.damage


def test_what_a_folder_says_of_itself(tmp_path: Path) -> None:
    info = ImageFolderClip(_folder(tmp_path / "f", ["1.png", "2.png", "3.png"])).info
    assert (info.kind, info.width, info.height, info.frame_count) == ("images", 64, 48, 3)
    assert (info.rate, info.bit_depth, info.has_audio, info.codec) == (None, 8, False, "png")
    assert ImageFolderClip(tmp_path / "f", time_base=Fraction(1, 10)).info.duration_s == pytest.approx(0.3)


def test_one_image_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", ["1.png", "2.png"])
    assert [number_of(f.rgb) for f in ImageFolderClip(folder / "2.png").frames()] == [1]


def test_start_stop_and_step_choose_images(tmp_path: Path) -> None:
    clip = ImageFolderClip(_folder(tmp_path / "f", [f"{n}.png" for n in range(9)]))
    assert [number_of(f.rgb) for f in clip.frames(2, 8, step=3)] == [2, 5]
    assert [f.index for f in clip.frames(7, 99)] == [7, 8]


def test_sixteen_bit_images_come_deep_when_asked(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(encode_png(sixteen_bit(numbered(1)) + np.uint16(7)))
    (tmp_path / "2.png").write_bytes(encode_png(numbered(2)))
    clip = ImageFolderClip(tmp_path)
    assert clip.info.bit_depth == 16
    deep = [f.rgb for f in clip.frames(deep=True)]
    assert [d.dtype for d in deep] == [np.uint16, np.uint16]
    assert np.array_equal(deep[0], sixteen_bit(numbered(1)) + np.uint16(7))
    assert all(f.rgb.dtype == np.uint8 for f in clip.frames())


def test_mixed_sizes_are_refused_with_both_names_and_sizes(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", ["1.png", "2.png"])
    (folder / "3.png").write_bytes(encode_png(numbered(0, width=32)))
    with pytest.raises(ClipSizesDiffer) as told:
        ImageFolderClip(folder)
    for part in ("1.png", "64 x 48", "3.png", "32 x 48"):
        assert part in told.value.message


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ClipUnreadable, match="no images"):
        ImageFolderClip(tmp_path)


def test_a_folder_of_broken_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_text("no image")
    with pytest.raises(ClipUnreadable, match=r"None of the images .* Of 1\.png: .* is damaged"):
        ImageFolderClip(tmp_path)


@pytest.mark.parametrize("side", [9_500, 20_000])  # the second is one that Pillow itself refuses
def test_images_that_are_too_large_are_not_called_damaged(tmp_path: Path, side: int) -> None:
    Image.new("1", (side, side)).save(tmp_path / "1.png")
    with pytest.raises(ClipUnreadable, match=r"Of 1\.png: .* more than 89 million pixels") as told:
        ImageFolderClip(tmp_path)
    assert "damaged" not in told.value.message


def test_every_reason_why_images_are_left_out_is_told_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", [f"{n}.png" for n in range(6)])
    for name in ("1.png", "4.png"):
        (folder / name).write_text("no image")
    for name in ("2.png", "3.png"):
        Image.new("1", (9_500, 9_500)).save(folder / name)
    told = ImageFolderClip(folder).info.damage
    assert told.startswith("Only 2 of 6 images could be read: 1.png and 3 more are left out.")
    assert "Of 1.png: This image can't be read: it is damaged" in told
    assert told.endswith("Of 2.png: This image has more than 89 million pixels. Save it smaller.")
    assert told.count("Of ") == 2


def test_a_broken_image_is_left_out_and_told_and_no_other_takes_its_number(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "f", [f"{n}.png" for n in range(5)])
    (folder / "1.png").write_text("no image")
    cut = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(cut[: len(cut) // 2])
    clip = ImageFolderClip(folder)
    assert clip.info.damage == (
        "Only 4 of 5 images could be read: 1.png is left out. The other frames keep their numbers. "
        "Of 1.png: This image can't be read: it is damaged, cut off or not a PNG, JPEG, TIFF, WebP, BMP or "
        "EXR. Remove it or save it again."
    )
    assert (clip.info.frame_count, len(clip.timestamps()), clip.info.file_names[2]) == (5, 5, "2.png")
    frames = list(clip.frames())
    assert [number_of(f.rgb) for f in frames] == [f.index for f in frames] == [0, 2, 4]
    assert [f.index for f in clip.frames(2, 5, step=2)] == [2, 4]
    assert "Only 3 of 5 images could be read: 1.png and 1 more are left out." in clip.info.damage


@pytest.mark.parametrize("keep_bytes", [0, 100])
def test_a_broken_first_image_shifts_none_and_the_next_says_what_the_folder_is(
    tmp_path: Path, keep_bytes: int
) -> None:
    folder = _folder(tmp_path / "f", ["1.png", "2.png", "3.png"])
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:keep_bytes])
    clip = ImageFolderClip(folder)
    assert (clip.info.frame_count, clip.info.pixel_format) == (3, "rgb24")
    assert [(f.index, number_of(f.rgb)) for f in clip.frames()] == [(1, 1), (2, 2)]


def test_images_removed_or_replaced_while_open_do_not_raise(tmp_path: Path) -> None:
    clip = ImageFolderClip(_folder(tmp_path / "f", ["1.png", "2.png", "3.png"]))
    (tmp_path / "f" / "2.png").unlink()
    (tmp_path / "f" / "3.png").write_bytes(encode_png(numbered(0, width=32)))
    assert [f.index for f in clip.frames()] == [0]
    assert clip.info.damage.startswith("Only 1 of 3")


def _exr_folder(path: Path, *, half: bool = True, **about: float) -> Path:
    path.mkdir()
    for number in range(3):
        light = np.full((6, 8, 3), number + 0.5, np.float32)
        (path / f"shot.{1001 + number}.exr").write_bytes(encode_exr({"": light}, half=half, **about))
    return path


@pytest.mark.parametrize(("half", "bits"), [(True, 16), (False, 32)])
def test_a_sequence_of_exr_is_a_scene_linear_clip(tmp_path: Path, half: bool, bits: int) -> None:
    clip = ImageFolderClip(_exr_folder(tmp_path / "f", half=half, pixel_aspect=2.0))
    info = clip.info
    assert (info.scene_linear, info.bit_depth, info.codec, info.pixel_aspect) == (True, bits, "exr", 2)
    assert info.pixel_format == f"rgbf{bits}"
    deep = [frame.rgb for frame in clip.frames(deep=True)]
    assert [float(rgb.max()) for rgb in deep] == [0.5, 1.5, 2.5]
    assert [int(frame.rgb.max()) for frame in clip.frames()] == [188, 255, 255]


def test_an_integer_image_among_exr_is_brought_into_linear_light(tmp_path: Path) -> None:
    folder = _exr_folder(tmp_path / "f")
    (folder / "shot.1004.png").write_bytes(encode_png(np.full((6, 8, 3), 188, np.uint8)))
    last = list(ImageFolderClip(folder).frames(deep=True))[-1].rgb
    assert last.dtype == np.float32
    assert last.mean() == pytest.approx(0.5, abs=0.005)


def test_transparency_of_images_is_in_the_name_of_their_format(tmp_path: Path) -> None:
    clear = np.full((8, 8, 4), 128, np.uint8)
    Image.fromarray(clear).save(tmp_path / "1.png")
    (tmp_path / "2.exr").write_bytes(encode_exr({"": clear.astype(np.float32)}))
    (tmp_path / "3.png").write_bytes(encode_png(clear[..., :3]))
    infos = [ImageFolderClip(tmp_path / name).info for name in ("1.png", "2.exr", "3.png")]
    assert [info.pixel_format for info in infos] == ["rgba", "rgbaf16", "rgb24"]
    assert [info.scene_linear for info in infos] == [False, True, False]


def test_what_exr_files_hold_besides_is_known_and_so_are_their_primaries(tmp_path: Path) -> None:
    picture, primaries = np.zeros((8, 8, 3), np.float32), (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32, 0.34)
    plain, more = tmp_path / "1.exr", tmp_path / "2.exr"
    plain.write_bytes(encode_exr({"": picture}, chromaticities=primaries))
    more.write_bytes(encode_exr({"": picture, "light": picture}))
    assert ImageFolderClip(plain).info.chromaticities == pytest.approx(primaries)
    assert ImageFolderClip(plain).info.unread == ""
    assert (
        "3 more channels (light.B, light.G, light.R), which are not kept" in ImageFolderClip(more).info.unread
    )
    assert ImageFolderClip(more).info.chromaticities is None
