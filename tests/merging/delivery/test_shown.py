"""Face, mask and window of a finished shot: exported, laid over the plate again, they give the shot back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, drawn_frame
from understudy.errors import OptionInvalid
from understudy.files import write_json
from understudy.media import planes
from understudy.media.clip import Frame
from understudy.media.codecs import CODECS
from understudy.media.exr import encode_exr, exr_header, read_exr, read_exr_layers
from understudy.media.images import encode_png, read_image, scene_linear
from understudy.media.opening import open_clip
from understudy.merging.delivery import shown as shown_room
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.shown import premultiplied_face, straight_face, windows_of

FACES = {2: (40, 50), 3: (44, 52)}  # frame -> centre


def _mask(centre: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    far = np.hypot(x - centre[0], y - centre[1])
    mask = np.clip((22 - far) / 12, 0, 1)
    return np.rint(mask * 255).astype(np.uint8)


def _finished(index: int) -> np.ndarray:
    mask = _mask(FACES[index])[..., None] / 255
    painted = np.full((HEIGHT, WIDTH, 3), (230, 60, 20))
    return np.rint(painted * mask + drawn_frame(index) * (1 - mask)).astype(np.uint8)


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    (folder / "masks").mkdir(parents=True)
    for index, centre in FACES.items():
        (folder / f"{index:06d}.png").write_bytes(encode_png(_finished(index)))
        (folder / "masks" / f"{index:06d}.png").write_bytes(encode_png(_mask(centre)))
    write_json(folder / "merge.json", {"version": 1, "complete": True})
    return folder


def _run(clip: Path, merged: Path, out: Path, **options) -> None:
    list(encode(clip, merged_folder=merged, out=out, options=EncodeOptions(**options)))


def _rgba(path: Path) -> np.ndarray:
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA)


def _over(rgba: np.ndarray, below: np.ndarray) -> np.ndarray:
    most = np.iinfo(rgba.dtype).max
    alpha = rgba[..., 3:].astype(float) / most
    return rgba[..., :3] / most * alpha + below * (1 - alpha)


CHECKERBOARD = ((np.indices((HEIGHT, WIDTH)).sum(0) // 8 % 2) * 0.6 + 0.2)[..., None].repeat(3, 2)


@pytest.mark.parametrize(
    ("kind", "suffix", "levels"), [("png", ".png", 1.01), ("png16", ".png", 0.51), ("tiff", ".tif", 0.51)]
)
def test_straight_alpha_gives_the_shot_back_over_the_plate_and_the_painted_face_over_a_checkerboard(
    images: Path, merged: Path, tmp_path: Path, kind: str, suffix: str, levels: float
) -> None:
    _run(images, merged, tmp_path / "out", content="face", images=kind)
    for index in range(6):
        rgba = _rgba(tmp_path / "out" / f"take{index * 2 + 1}{suffix}")
        assert rgba.dtype == (np.uint8 if kind == "png" else np.uint16)
        wanted = _finished(index) if index in FACES else drawn_frame(index)
        assert np.abs(_over(rgba, drawn_frame(index) / 255) * 255 - wanted).max() <= levels
        mask = (_mask(FACES[index]) if index in FACES else np.zeros((HEIGHT, WIDTH)))[..., None] / 255
        ideal = np.array([230, 60, 20]) / 255 * mask + CHECKERBOARD * (1 - mask)
        assert np.abs(_over(rgba, CHECKERBOARD) - ideal).max() * 255 < 1.5


def test_exr_has_plate_face_and_mask_premultiplied_and_they_add_up(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    _run(images, merged, tmp_path / "out", images="exr")
    assert sorted(p.name for p in (tmp_path / "out").iterdir())[0] == "take1.exr"
    layers = read_exr_layers(tmp_path / "out" / "take5.exr")
    assert {name: picture.shape[2] for name, picture in layers.items()} == {
        "": 3,
        "face": 4,
        "mask": 1,
        "plate": 3,
    }
    assert np.abs(layers[""] - scene_linear(_finished(2))).max() < 1e-3
    assert np.abs(layers["plate"] - scene_linear(drawn_frame(2))).max() < 1e-3
    assert np.abs(layers["mask"][..., 0] - _mask(FACES[2]) / 255).max() < 1e-3
    face = layers["face"]
    assert np.abs(face[..., :3] + layers["plate"] * (1 - face[..., 3:]) - layers[""]).max() < 2e-3
    assert not face[face[..., 3] == 0].any()
    assert json.loads(exr_header(tmp_path / "out" / "take5.exr")["understudy"]) == {
        "frame": 2,
        "swapped": True,
        "made_linear_with": "sRGB",
    }


def test_a_face_as_exr_is_premultiplied_with_nothing_around_it(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    _run(images, merged, tmp_path / "out", images="exr", content="face")
    face = read_exr_layers(tmp_path / "out" / "take5.exr")[""]
    plate = scene_linear(drawn_frame(2))
    assert np.abs(face[..., :3] + plate * (1 - face[..., 3:]) - scene_linear(_finished(2))).max() < 0.012
    assert not face[:8].any()


# Levels of a byte: lossless codecs round once, ProRes holds 4:4:4 in 10 bits of limited range, and loses some.
ALPHA_MOVIES = {
    "png .mov": 1.01,
    "png .mp4": 1.01,
    "ffv1 .mkv": 1.01,
    "ffv1 .mp4": 1.01,
    "ffv1 .avi": 1.01,
    "qtrle .mov": 1.01,
    "utvideo .avi": 1.01,
    "prores_4444 .mov": 5,
}


def test_every_movie_that_can_hold_alpha_is_tried() -> None:
    able = {f"{name} {suffix}" for name, codec in CODECS.items() if codec.alpha for suffix in codec.suffixes}
    assert able == set(ALPHA_MOVIES)


@pytest.mark.parametrize("movie", ALPHA_MOVIES)
def test_a_movie_of_the_face_gives_the_shot_back_over_the_plate_in_every_codec_with_alpha(
    movie: str, images: Path, merged: Path, tmp_path: Path
) -> None:
    codec, suffix = movie.split()
    _run(images, merged, tmp_path / f"face{suffix}", content="face", codec=codec)
    with av.open(str(tmp_path / f"face{suffix}")) as container:
        frames = list(container.decode(video=0))
    for index in FACES:
        alpha = planes.alpha_from_frame(frames[index])
        assert alpha is not None
        rgba = np.dstack([planes.rgb_from_frame(frames[index]), np.rint(alpha / 257).astype(np.uint8)])
        back = _over(rgba, drawn_frame(index) / 255) * 255
        assert np.abs(back - _finished(index)).max() <= ALPHA_MOVIES[movie]
        assert np.abs(rgba[..., 3].astype(int) - _mask(FACES[index])).max() <= ALPHA_MOVIES[movie]
    assert not planes.alpha_from_frame(frames[0]).any()


def test_the_mask_is_a_movie_of_its_own(images: Path, merged: Path, tmp_path: Path) -> None:
    _run(images, merged, tmp_path / "mask.mkv", content="mask", codec="ffv1")
    with open_clip(tmp_path / "mask.mkv") as clip:
        masks = [frame.rgb for frame in clip.frames()]
    assert np.array_equal(masks[3][..., 1], _mask(FACES[3]))
    assert not masks[0].any()


def _with_layer(merged: Path, colour: tuple[int, int, int]) -> None:
    (merged / "faces").mkdir()
    for index, centre in FACES.items():
        layer = np.full((HEIGHT, WIDTH, 3), colour, np.uint8) * (_mask(centre) > 0)[..., None]
        (merged / "faces" / f"{index:06d}.png").write_bytes(encode_png(layer.astype(np.uint8)))


def test_the_face_is_the_layer_that_the_merge_kept_without_the_rounding_of_a_thin_edge(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    rim = (_mask(FACES[2]) > 0) & (_mask(FACES[2]) < 30)
    _run(images, merged, tmp_path / "solved", content="face")
    _with_layer(merged, (230, 60, 20))
    _run(images, merged, tmp_path / "kept", content="face")
    solved, kept = (_rgba(tmp_path / name / "take5.png") for name in ("solved", "kept"))
    assert (kept[rim][:, :3] == (230, 60, 20)).all()
    assert np.abs(solved[rim][:, :3] - np.array([230, 60, 20.0])).max() > 3
    assert np.abs(_over(kept, drawn_frame(2) / 255) * 255 - _finished(2)).max() <= 1.01


def test_a_layer_that_does_not_give_the_shot_back_is_not_taken(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    """Grain and a degraded plate come after the layer."""
    _with_layer(merged, (200, 60, 20))
    _run(images, merged, tmp_path / "out", content="face")
    rgba = _rgba(tmp_path / "out" / "take5.png")
    assert np.abs(_over(rgba, drawn_frame(2) / 255) * 255 - _finished(2)).max() <= 1.01


def test_a_window_moves_with_the_face_and_its_place_is_told(images: Path, merged: Path, tmp_path: Path) -> None:
    _run(images, merged, tmp_path / "out", content="face", window=True)
    told = json.loads((tmp_path / "out.transform.json").read_text())
    assert told["frame_size"] == [WIDTH, HEIGHT]
    assert [entry["frame"] for entry in told["frames"]] == list(range(6))
    for index in FACES:
        window = told["frames"][index]["window"]
        rgba = _rgba(tmp_path / "out" / f"take{index * 2 + 1}.png")
        assert rgba.shape[:2] == (window["height"], window["width"])
        whole = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        x, y = window["x"], window["y"]
        whole[y : y + rgba.shape[0], x : x + rgba.shape[1]] = rgba
        assert np.abs(_over(whole, drawn_frame(index) / 255) * 255 - _finished(index)).max() <= 1.01
        assert told["frames"][index]["frame_from_window"] == [[1, 0, x], [0, 1, y]]


def test_windows_are_of_one_size_and_stay_inside_the_frame(images: Path, merged: Path) -> None:
    with open_clip(images) as clip:
        windows = windows_of(clip, merged, range(clip.info.frame_count))
    assert len({(w.width, w.height) for w in windows.values()}) == 1
    for window in windows.values():
        assert 0 <= window.x <= WIDTH - window.width
        assert 0 <= window.y <= HEIGHT - window.height


@pytest.mark.parametrize("options", [{"content": "face", "codec": "ffv1"}, {"content": "mask"}])
def test_a_merge_without_masks_is_refused_with_the_way_out(
    images: Path, merged: Path, tmp_path: Path, options: dict
) -> None:
    (merged / "masks" / "000002.png").unlink()
    with pytest.raises(OptionInvalid, match="--layers mask"):
        _run(images, merged, tmp_path / "o" / "out.mkv", **options)
    assert not list(tmp_path.glob("o/*"))


def test_a_codec_without_alpha_is_refused_for_a_face(images: Path, merged: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match="can't hold transparency"):
        _run(images, merged, tmp_path / "out.mp4", content="face")


def test_light_beyond_white_reaches_the_delivered_exr(tmp_path: Path) -> None:
    shot, merged = tmp_path / "shot", tmp_path / "merged"
    shot.mkdir()
    merged.mkdir()
    light = np.full((16, 16, 3), 6.5, np.float32)
    for number in (1001, 1002):
        (shot / f"a.{number}.exr").write_bytes(encode_exr({"": light}))
    (merged / "000001.exr").write_bytes(encode_exr({"": light * 2}))
    _run(shot, merged, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.1001.exr", "a.1002.exr"]
    assert read_exr(tmp_path / "out" / "a.1002.exr").max() == 13
    _run(shot, merged, tmp_path / "out.mp4")
    with open_clip(tmp_path / "out.mp4") as clip:
        assert clip.info.color.transfer == 13
        assert next(iter(clip.frames())).rgb.min() > 250


def test_numbers_begin_where_asked_when_dst_is_a_movie(movie: Path, merged: Path, tmp_path: Path) -> None:
    _run(movie, merged, tmp_path / "out", first_number=1001, images="tiff")
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names[0] == "001001.tif" and names[-1] == "001008.tif"
    assert np.array_equal(read_image(tmp_path / "out" / "001003.tif"), _finished(2))


def test_solving_for_the_face_undoes_the_blend_in_every_depth() -> None:
    plate, finished, mask = drawn_frame(2), _finished(2), _mask(FACES[2]).astype(np.float32) / 255
    for factor, kind in ((1, np.uint8), (257, np.uint16)):
        face = straight_face((finished * kind(factor)).astype(kind), (plate * kind(factor)).astype(kind), mask)
        back = face * mask[..., None] + plate.astype(float) * factor * (1 - mask[..., None])
        # The drawn blend is rounded to 8 bits itself, so a clipped colour may miss it by half of such a step.
        assert np.abs(back - finished * float(factor)).max() <= factor / 2 + 0.51
    assert premultiplied_face(scene_linear(finished), scene_linear(plate), mask).shape == (HEIGHT, WIDTH, 4)


def test_frames_are_decoded_while_merged_pictures_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, seen = threading.Event(), []

    class TwoFrames:
        info = SimpleNamespace(width=WIDTH, height=HEIGHT, bit_depth=8, interlaced=False)

        def frames(self, start: int, stop: int, *, deep: bool) -> Iterator[Frame]:
            yield Frame(0, 0, 0.0, drawn_frame(0))
            decoded.set()
            yield Frame(1, 1, 1.0, drawn_frame(1))

    def read(path: Path) -> np.ndarray:
        seen.append(decoded.wait(timeout=20))
        return drawn_frame(5)

    (tmp_path / "000000.png").touch()
    monkeypatch.setattr(shown_room, "read_image_deep", read)
    shown = list(shown_room.shown_frames(TwoFrames(), tmp_path, EncodeOptions(), range(2), with_masks=False))
    assert seen == [True] and [one.swapped for one in shown] == [True, False]
