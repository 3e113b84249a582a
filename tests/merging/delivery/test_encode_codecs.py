"""In every codec and container a finished shot is signed and read again, and a torn one is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec import Codec
from av.error import FFmpegError

from tests.provenance.material import facts_for
from understudy.errors import OptionInvalid, WrittenWrongly
from understudy.files import write_json
from understudy.media.clip import ColorTags
from understudy.media.codecs import CODECS
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.provenance.final import signed_and_verified
from understudy.provenance.verify import verify

WIDTH, HEIGHT, FRAMES = 256, 128, 6
SOFTWARE = [name for name, choice in CODECS.items() if not choice.needs]


@pytest.fixture
def dst(tmp_path: Path) -> Path:
    rng, path = np.random.default_rng(0), tmp_path / "dst.mkv"
    size = {"width": WIDTH, "height": HEIGHT, "time_base": Fraction(1, 25), "rate": Fraction(25)}
    with MovieWriter(path, **size, color=ColorTags(1, 1, 1, 1), codec="ffv1") as writer:
        for index in range(FRAMES):
            writer.write(rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8), index)
    return path


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    folder.mkdir()
    picture = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    (folder / "000002.png").write_bytes(encode_png(picture))
    write_json(folder / "merge.json", {"version": 1, "complete": True})
    return folder


def quick(codec: str) -> EncodeOptions:
    return EncodeOptions(codec=codec, preset="ultrafast" if CODECS[codec].has_preset else None)


def require_encoder(codec: str) -> None:
    try:
        Codec(CODECS[codec].encoder, "w")
    except (FFmpegError, ValueError):
        pytest.skip(f"{CODECS[codec].encoder} is not in this build of FFmpeg")


@pytest.mark.parametrize("codec", SOFTWARE)
def test_a_shot_is_signed_and_reads_back_whole_in_every_container(
    codec: str, dst: Path, merged: Path, tmp_path: Path
) -> None:
    require_encoder(codec)
    for suffix in CODECS[codec].suffixes:
        out = tmp_path / "out" / f"shot{suffix}"
        out.parent.mkdir(exist_ok=True)
        sign = lambda unsigned, signed: signed_and_verified(unsigned, signed, facts_for(dst))  # noqa: E731
        list(encode(dst, merged_folder=merged, out=out, options=quick(codec), sign=sign))
        assert verify(out).state == "trusted"
        with open_clip(out) as clip:
            assert (clip.info.frame_count, clip.info.width) == (FRAMES, WIDTH)
            assert sum(1 for _ in clip.frames()) == FRAMES and not clip.info.damage
        with av.open(str(out)) as container:
            assert container.streams.video[0].codec_context.name


@pytest.mark.parametrize("codec", SOFTWARE)
def test_a_shot_that_is_torn_on_its_way_to_the_disk_is_refused_in_every_container(
    codec: str, dst: Path, merged: Path, tmp_path: Path
) -> None:
    require_encoder(codec)
    for suffix in CODECS[codec].suffixes:
        out = tmp_path / f"shot{suffix}"

        def torn(unsigned: Path, signed: Path) -> None:
            signed.write_bytes(unsigned.read_bytes()[: unsigned.stat().st_size // 2])

        with pytest.raises(WrittenWrongly):
            list(encode(dst, merged_folder=merged, out=out, options=quick(codec), sign=torn))
        assert not out.exists()


@pytest.mark.parametrize("codec", [name for name, choice in CODECS.items() if choice.needs])
def test_an_encoder_without_its_hardware_is_refused_in_a_sentence(
    codec: str, dst: Path, merged: Path, tmp_path: Path
) -> None:
    try:
        list(encode(dst, merged_folder=merged, out=tmp_path / "o.mp4", options=EncodeOptions(codec=codec)))
    except OptionInvalid as error:
        assert CODECS[codec].needs in error.message
        assert not (tmp_path / "o.mp4").exists()
