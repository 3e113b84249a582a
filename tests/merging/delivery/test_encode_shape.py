"""dst whose pixels are not square, and dst that was filmed on its side, from the merge to the finished shot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type as SideDataType

from tests.media.made import turn
from tests.merging.conftest import Painter, landmarks, record
from tests.merging.test_merge import PLAIN
from tests.merging.test_merge import run as merged
from understudy.events import Notice
from understudy.facesets.store import Faceset
from understudy.media.clip import Clip, ColorTags
from understudy.media.exr import exr_header, read_exr_layers
from understudy.media.images import scene_linear
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions, ImageFormat

WIDTH, HEIGHT, FRAMES, SWAPPED = 160, 112, 4, 2
BT709 = ColorTags(1, 1, 1, 1)
QUARTER = (0, 1, -1, 0)
MOVIES = {
    "out.mp4": {"codec": "h264", "crf": 4, "preset": "ultrafast"},
    "out.mov": {"codec": "prores"},
    "out.mkv": {"codec": "ffv1"},
}


def drawn(index: int) -> np.ndarray:
    """Stored pixels that are alike nowhere: no turn and no mirror looks like another."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    parts = [0.25 + 0.4 * x / WIDTH, 0.25 + 0.4 * y / HEIGHT, np.full(x.shape, 0.3 + 0.05 * index)]
    return (np.stack(parts, axis=-1) * 255).astype(np.uint8)


def shoot(path: Path, *, aspect: Fraction = Fraction(1), turned: bool = False) -> Path:
    """Four frames as a camera stores them."""
    with MovieWriter(
        path, width=WIDTH, height=HEIGHT, time_base=Fraction(1, 25), rate=Fraction(25), color=BT709, crf=0,
        preset="ultrafast", pixel_aspect=aspect,
    ) as writer:  # fmt: skip
        for index in range(FRAMES):
            writer.write(drawn(index), index)
    if turned:
        turn(path, QUARTER)
    return path


def merge_in_the_middle(dst: Path, painter: Painter, tmp_path: Path, *, size: tuple[int, int]) -> Path:
    """One frame with a face in its middle, merged with its mask."""
    store = Faceset(tmp_path / "faces")
    points = landmarks(size[0] / 2, size[1] / 2)
    store.add(np.zeros((16, 16, 3), np.uint8), record(SWAPPED, points, frame_size=size))
    store.close()
    merged(dst, Faceset(tmp_path / "faces"), painter, tmp_path / "merged", PLAIN.changed(layers="mask"))
    return tmp_path / "merged"


def check_pictures(before: Clip, after: Clip, *, most: float) -> None:
    """All is the plate but for the face in the middle of one frame."""
    pairs = list(zip(before.frames(), after.frames(), strict=True))
    assert len(pairs) == FRAMES
    for index, (old, new) in enumerate(pairs):
        assert old.rgb.shape == new.rgb.shape
        away = np.abs(old.rgb.astype(int) - new.rgb.astype(int)).max(-1)
        y, x = (side // 2 for side in away.shape)
        assert (away[y - 5 : y + 5, x - 5 : x + 5].min() > 25) == (index == SWAPPED)
        away[y - 36 : y + 36, x - 36 : x + 36] *= index != SWAPPED
        assert away.mean() <= most / 3 and away.max() <= most, index


def matrices_in(path: Path) -> int:
    """How many frames of a file say that they are to be turned."""
    with av.open(str(path)) as container:
        said = [[data.type for data in frame.side_data] for frame in container.decode(video=0)]
    return sum(SideDataType.DISPLAYMATRIX in types for types in said)


@pytest.mark.parametrize("out", MOVIES)
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(10, 11), Fraction(2)])
def test_a_movie_has_dsts_pixel_aspect_and_its_plate(
    out: str, aspect: Fraction, painter: Painter, tmp_path: Path
) -> None:
    dst = shoot(tmp_path / "dst.mov", aspect=aspect)
    folder = merge_in_the_middle(dst, painter, tmp_path, size=(WIDTH, HEIGHT))
    options = EncodeOptions.model_validate(MOVIES[out])
    list(encode(dst, merged_folder=folder, out=tmp_path / out, options=options))
    with open_clip(dst) as before, open_clip(tmp_path / out) as after:
        assert before.info.pixel_aspect == after.info.pixel_aspect == aspect
        assert (after.info.width, after.info.height) == (WIDTH, HEIGHT)
        check_pictures(before, after, most=0 if out == "out.mkv" else 12)


@pytest.mark.parametrize("out", MOVIES)
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(4, 3)])
def test_a_movie_of_footage_on_its_side_stands_upright_by_its_pixels(
    out: str, aspect: Fraction, painter: Painter, tmp_path: Path
) -> None:
    """What was wide on the sensor is high when it stands."""
    dst = shoot(tmp_path / "dst.mov", aspect=aspect, turned=True)
    assert matrices_in(dst) == FRAMES
    folder = merge_in_the_middle(dst, painter, tmp_path, size=(HEIGHT, WIDTH))
    options = EncodeOptions.model_validate(MOVIES[out])
    list(encode(dst, merged_folder=folder, out=tmp_path / out, options=options))
    with open_clip(dst) as before, open_clip(tmp_path / out) as after:
        assert (before.info.rotation_deg, after.info.rotation_deg) == (90, 0)
        assert before.info.pixel_aspect == after.info.pixel_aspect == 1 / aspect
        check_pictures(before, after, most=0 if out == "out.mkv" else 12)
        first = next(iter(after.frames())).rgb.astype(int)
    assert matrices_in(tmp_path / out) == 0
    with av.open(str(tmp_path / out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (HEIGHT, WIDTH)
        assert not {"rotate", "rotation"} & {name.lower() for name in stream.metadata}
    assert np.abs(first - np.rot90(drawn(0), -1)).mean() < 3


@pytest.mark.parametrize(
    ("aspect", "turned"), [(Fraction(4, 3), False), (Fraction(1), True), (Fraction(2), True)]
)
def test_exr_files_have_the_aspect_and_stand_upright_and_their_plate_is_dst(
    aspect: Fraction, turned: bool, painter: Painter, tmp_path: Path
) -> None:
    dst = shoot(tmp_path / "dst.mov", aspect=aspect, turned=turned)
    width, height = (HEIGHT, WIDTH) if turned else (WIDTH, HEIGHT)
    folder = merge_in_the_middle(dst, painter, tmp_path, size=(width, height))
    list(encode(dst, merged_folder=folder, out=tmp_path / "out", options=EncodeOptions(images="exr")))
    files = sorted((tmp_path / "out").glob("*.exr"))
    with open_clip(dst) as before, open_clip(tmp_path / "out") as after:
        assert before.info.pixel_aspect == after.info.pixel_aspect == (1 / aspect if turned else aspect)
        plates = [scene_linear(frame.rgb) for frame in before.frames()]
    assert len(files) == FRAMES
    for index, (path, plate) in enumerate(zip(files, plates, strict=True)):
        head, layers = exr_header(path), read_exr_layers(path)
        assert (head["width"], head["height"]) == (width, height)
        assert head["pixelAspectRatio"] == pytest.approx(float(1 / aspect if turned else aspect))
        np.testing.assert_array_equal(layers["plate"], plate.astype(np.float16).astype(np.float32))
        swapped = (layers[""] != layers["plate"]).any(-1)
        assert swapped[height // 2, width // 2] == (index == SWAPPED)
        mask = layers["mask"][..., 0] if "mask" in layers else np.zeros((height, width))
        assert not swapped[mask == 0].any()
        assert (mask > 0).any() == (index == SWAPPED)


@pytest.mark.parametrize("images", ["png", "png16", "tiff", "exr"])
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(4, 3)])
def test_images_that_cannot_hold_the_aspect_say_so(
    aspect: Fraction, images: ImageFormat, painter: Painter, tmp_path: Path
) -> None:
    dst = shoot(tmp_path / "dst.mov", aspect=aspect)
    folder = merge_in_the_middle(dst, painter, tmp_path, size=(WIDTH, HEIGHT))
    events = encode(dst, merged_folder=folder, out=tmp_path / "out", options=EncodeOptions(images=images))
    said = [event.text for event in events if isinstance(event, Notice) and "pixel aspect of 4/3" in event.text]
    assert len(said) == (aspect != 1 and images != "exr")
