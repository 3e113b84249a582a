"""Small true films and pictures for the tests of this room, and facts to sign them with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
from PIL import Image

from understudy.files import sha256_of
from understudy.provenance.consent import Consent
from understudy.provenance.recast import LearntClip
from understudy.provenance.sign import SigningFacts

FICTIONAL = {"src": Consent(status="fictional"), "dst": Consent()}


def make_movie(path: Path, *, flags: str = "") -> Path:
    """Six frames of 64 x 48 pixels; `flags` are FFmpeg's movflags."""
    with av.open(str(path), "w", options={"movflags": flags} if flags else {}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(0, 240, 40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def make_image(path: Path, *, shade: int = 90) -> Path:
    """A picture of 32 x 24 pixels in one colour."""
    Image.fromarray(np.full((24, 32, 3), shade, np.uint8)).save(path)
    return path


def make_sequence(folder: Path) -> Path:
    """A folder of three pictures."""
    folder.mkdir(parents=True)
    for index in range(3):
        make_image(folder / f"{index:04d}.png", shade=60 * index)
    return folder


def facts_for(dst_clip: Path, *, consents: Mapping[str, Consent] = FICTIONAL) -> SigningFacts:
    """Facts of a recast whose src clip lay in a folder with a telling name."""
    return SigningFacts(
        title="result",
        dst_clip=dst_clip,
        dst_sha256=sha256_of(dst_clip),
        src=[LearntClip(name="mira.mov", sha256="a" * 64)],
        model_name="tide-h64",
        model_sha256="b" * 64,
        model_iterations=1200,
        consents=consents,
        frames_total=6,
        frames_swapped=5,
    )


def flip_a_byte_of_the_picture(path: Path) -> None:
    """Change one bit in the middle of the coded pictures of an mp4 or mov, or the end of anything else."""
    data = bytearray(path.read_bytes())
    at = data.find(b"mdat")
    data[at + 40 if at >= 0 else len(data) - 20] ^= 1
    path.write_bytes(bytes(data))


def packets_of(path: Path) -> list[tuple[int | None, int | None, bytes]]:
    """Time stamps and coded bytes of every picture in a film, as they would be played."""
    with av.open(str(path)) as container:
        return [(packet.pts, packet.dts, bytes(packet)) for packet in container.demux(video=0)]
