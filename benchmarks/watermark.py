"""What the watermark survives, what it costs, and how often it is seen where there is none.

Every file is marked, attacked, written and read blind, as `understudy verify` reads it. Without clips two are
drawn: a pan over a landscape with a flat sky, and a still scene of skin-like surfaces with little texture.
Run: python benchmarks/watermark.py attacks [CLIP …] | speed | alarms [MINUTES] [CLIP …]
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from understudy.media.opening import open_clip
from understudy.provenance.watermark import search
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.pattern import pattern_for
from understudy.provenance.watermark.payload import CODED_BITS, FORMAT, Word, decoded, word_in
from understudy.provenance.watermark.reading import read_watermark
from understudy.provenance.watermark.search import LEAST_PEAK, evidence_of

Frames = Sequence[np.ndarray]
NUMBER = 0x5EED5EED5EE
SECONDS, RATE = 1, 25


def clouds(height: int, width: int, rng: np.random.Generator, *, falls: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency, as photographs' does (1 is usual)."""
    spectrum = np.fft.rfft2(rng.standard_normal((height, width)))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    radius[0, 0] = 1
    drawn = np.fft.irfft2(spectrum / radius**falls, s=(height, width))
    return drawn / drawn.std()


def landscape(*, height: int = 1080, width: int = 1920, frames: int = SECONDS * RATE) -> Iterator[np.ndarray]:
    """A pan over textured ground under a flat sky, a smooth ball in it, with grain."""
    rng, wide = np.random.default_rng(1), width + 3 * frames
    rows, columns = np.mgrid[:height, :wide]
    sky = 1 / (1 + np.exp((rows - height * 0.4 + 40 * clouds(height, wide, rng, falls=1.8)) / 4))
    ball = 1 / (1 + np.exp((np.hypot(rows - height * 0.65, columns - wide * 0.5) - height * 0.2) / 3))
    ground = 120 + 38 * clouds(height, wide, rng, falls=1.3)
    whole = ground * (1 - sky) + (190 - 40 * rows / height) * sky
    whole = whole * (1 - ball) + (150 + 12 * clouds(height, wide, rng, falls=1.6)) * ball
    tint = np.array([8, 0, -12])
    for number in range(frames):
        view = whole[:, 3 * number : 3 * number + width] + rng.normal(0, 2, (height, width))
        yield np.clip(np.rint(view[..., None] + tint), 0, 255).astype(np.uint8)


def skin(*, height: int = 1080, width: int = 1920, frames: int = SECONDS * RATE) -> Iterator[np.ndarray]:
    """A camera that stands still before soft surfaces with pores and faint grain: little to hide a mark in."""
    rng = np.random.default_rng(2)
    light = 150 + 25 * clouds(height, width, rng, falls=2.2)
    pores = 1.5 * cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 1.2) * 4
    for _ in range(frames):
        view = light + pores + rng.normal(0, 1, (height, width))
        yield np.clip(np.rint(view[..., None] + np.array([25, -5, -25])), 0, 255).astype(np.uint8)


def write(path: Path, frames: Iterable[np.ndarray], *, codec: str, crf: int, rate: int = RATE) -> None:
    """The frames as a film, in the codec's usual settings."""
    options = {"crf": str(crf)} | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
    options |= {"preset": "10"} if codec == "libsvtav1" else {}
    with av.open(str(path), "w") as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=options)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
            shown = np.ascontiguousarray(frame)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "rgb24")))
        assert stream is not None
        container.mux(stream.encode())


def frames_of(path: Path) -> Iterator[np.ndarray]:
    """The film's frames in 8 bits."""
    with open_clip(path) as clip:
        yield from (frame.rgb for frame in clip.frames())


Change = Callable[[np.ndarray], np.ndarray]


def size(factor: float) -> Change:
    """Another size, even in pixels."""

    def changed(frame: np.ndarray) -> np.ndarray:
        height, width = (round(side * factor / 2) * 2 for side in frame.shape[:2])
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        return cv2.resize(frame, (width, height), interpolation=how)

    return changed


def crop(left: float, top: float, share: float = 0.9) -> Change:
    """`share` of both sides, from a corner in shares of the frame."""

    def changed(frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        x, y = int(left * width), int(top * height)
        return frame[y : y + round(height * share / 2) * 2, x : x + round(width * share / 2) * 2]

    return changed


def turn(degrees: float) -> Change:
    """Turned around the middle."""

    def changed(frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)

    return changed


def levels(gain: float, offset: float) -> Change:
    """Contrast around middle grey, and brightness."""
    return lambda frame: cv2.convertScaleAbs(np.maximum(gain * (frame - 128.0) + 128 + offset, 0))


def upright(frame: np.ndarray) -> np.ndarray:
    """A wide picture between bars in an upright one, as for telephones."""
    small = size(0.5625)(frame)
    tall = np.zeros((frame.shape[1] // 2 * 2, small.shape[1], 3), np.uint8)
    top = (len(tall) - len(small)) // 2
    tall[top : top + len(small)] = small
    return tall


def every(frames: Iterable[np.ndarray], *, take: int, of: int) -> Iterator[np.ndarray]:
    """`take` frames of every `of`; where it is more, some are shown twice."""
    for number, frame in enumerate(frames):
        for _ in range((number + 1) * take // of - number * take // of):
            yield frame


CHANGES: dict[str, Change] = {
    "half size": size(0.5),
    "1.5 x": size(1.5),
    "0.4 x": size(0.4),
    "2 x": size(2.0),
    "crop of 10 %, middle": crop(0.05, 0.05),
    "crop of 10 %, corner": crop(0.1, 0.0),
    "crop to a half": crop(0.2, 0.3, 0.5),
    "brightness +20 %": levels(1, 51),
    "brightness -20 %": levels(1, -51),
    "contrast +20 %": levels(1.2, 0),
    "contrast -20 %": levels(0.8, 0),
    "mirrored": lambda frame: frame[:, ::-1],
    "black and white": lambda frame: np.dstack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)] * 3),
    "blur of 1.5 px": lambda frame: cv2.GaussianBlur(frame, (0, 0), 1.5),
    "upright with bars": upright,
    "4:3 squeezed": lambda frame: cv2.resize(frame, (frame.shape[1] * 3 // 8 * 2, frame.shape[0])),
    "turned by 0.2 degrees": turn(0.2),
    "turned by 1 degree": turn(1),
}
CODECS = {
    "H.264 crf 23": ("libx264", 23),
    "H.264 crf 28": ("libx264", 28),
    "H.264 crf 32": ("libx264", 32),
    "HEVC crf 28": ("libx265", 28),
    "HEVC crf 32": ("libx265", 32),
    "AV1 crf 40": ("libsvtav1", 40),
}
PACES = {"24 for 25 frames a second": (24, 25), "30 for 25": (30, 25), "every second frame": (1, 2)}


def tried(name: str, path: Path) -> None:
    """Read a file and print what came of it."""
    start = time.perf_counter()
    reading = read_watermark(path)
    took_s = time.perf_counter() - start
    if reading is None:
        print(f"| {name} | not found | | | | {took_s:.1f} |", flush=True)
        return
    found = reading.found
    right = "all 48" if found.number == NUMBER else "WRONG"
    print(
        f"| {name} | {right} | {found.wrong_bits} | {found.peak:.1f} | {reading.frames} | {took_s:.1f} |",
        flush=True,
    )


def attack(name: str, plain: Callable[[], Iterable[np.ndarray]]) -> None:
    """Mark one clip and try to lose the mark."""
    mark = Watermark(NUMBER)

    def marked() -> Iterator[np.ndarray]:
        return (mark.marked(frame) for frame in plain())

    error = [np.mean((one.astype(float) - other) ** 2) for one, other in zip(marked(), plain(), strict=True)]
    shape = next(iter(plain())).shape
    print(f"\n{name}, {shape[1]} x {shape[0]}, {len(error)} frames, ", end="")
    mean, worst = (10 * math.log10(255**2 / value) for value in (np.mean(error), max(error)))
    print(f"PSNR {mean:.1f} dB, worst {worst:.1f}")
    print(f"\n| attack | bits | wrong of {CODED_BITS} | peak | frames | s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        for codec_name, (codec, crf) in CODECS.items():
            write(out, marked(), codec=codec, crf=crf)
            tried(codec_name, out)
        for change_name, change in CHANGES.items():
            write(out, map(change, marked()), codec="libx264", crf=23)
            tried(f"{change_name}, H.264 crf 23", out)
        write(out, map(crop(0.05, 0.02), map(size(0.5), marked())), codec="libx264", crf=28)
        tried("half size, crop of 10 %, H.264 crf 28", out)
        for pace_name, (take, of) in PACES.items():
            write(out, every(marked(), take=take, of=of), codec="libx264", crf=28)
            tried(f"{pace_name}, H.264 crf 28", out)
        _generations(marked(), Path(folder))
        still = Path(folder) / "still.jpg"
        one = next(iter(marked()))
        for quality in (75, 50):
            cv2.imwrite(str(still), one[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            tried(f"one frame as JPEG {quality}", still)


def _generations(frames: Iterable[np.ndarray], folder: Path) -> None:
    one, two, three = (folder / f"{number}.mp4" for number in (1, 2, 3))
    write(one, frames, codec="libx264", crf=23)
    write(two, frames_of(one), codec="libx265", crf=28)
    write(three, frames_of(two), codec="libx264", crf=28)
    tried("three generations: H.264 23, HEVC 28, H.264 28", three)


def speed() -> None:
    """Milliseconds of one core for a frame of 1080p, for marking it and for reading it."""
    frames = list(landscape(frames=8))
    mark = Watermark(NUMBER)
    for kind, scale in ((np.uint8, 1), (np.uint16, 257)):
        shown = [frame.astype(kind) * kind(scale) for frame in frames]
        mark.marked(shown[0])
        times = []
        for _ in range(3):
            for frame in shown:
                start = time.process_time()
                mark.marked(frame)
                times.append(time.process_time() - start)
        median, best = (1000 * value for value in (np.median(times), min(times)))
        print(f"marking {np.dtype(kind).name}: median {median:.1f} ms, best {best:.1f}")
    start = time.process_time()
    for frame in frames:
        evidence_of(frame)
    print(f"evidence: {(time.process_time() - start) / len(frames) * 1000:.1f} ms a frame")


def alarms(minutes: float, clips: list[Path]) -> None:
    """Search unmarked pictures, whole as `verify` does, for marks of keys that nobody used.

    A false alarm needs a peak, and behind it a number with the right checksum and format. How often a search
    gets as far as reading a number is counted. The second is too seldom to be counted (1 in 2**20 by its
    making), so its parts are: each must come as often among what chance reads as its own bits say.
    """
    evidences = [np.mean([evidence_of(f) for f in landscape(frames=3)], 0)]
    evidences += [np.mean([evidence_of(f) for f in skin(frames=3)], 0)]
    for path in clips:
        frames = list(frames_of(path))
        evidences += [evidence_of(frames[0]), np.mean([evidence_of(f) for f in frames[::4]], 0)]
    words: list[Word] = []
    found = 0

    def heard(soft: np.ndarray) -> int | None:
        words.append(word_in(soft))
        return decoded(soft)

    search.decoded = heard
    end, searches = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        for evidence in evidences:
            pattern = pattern_for.__wrapped__(b"nobody's %d" % searches)
            found += search.look(evidence, pattern) is not None
            searches += 1
    tried = len(words)
    print(
        f"{searches} searches of {len(evidences)} unmarked pictures, each with a key of its own: {found} found"
    )
    print(f"numbers read behind peaks of {LEAST_PEAK} or more: {tried}, {tried / searches:.3f} a search")
    most = (tried + 2 * math.sqrt(tried + 1) + 2) / searches  # about the upper end of 95 in 100
    print(f"false alarms a search: {tried / searches / 2**20:.1e}, at most {most / 2**20:.1e}")
    rng = np.random.default_rng(0)
    words += [word_in(rng.standard_normal(CODED_BITS)) for _ in range(20_000)]
    for name, right, bits in (
        ("the format", [word.format == FORMAT for word in words], 4),
        ("8 bits of the checksum", [word.checksum_off & 0xFF == 0 for word in words], 8),
        ("the other 8", [word.checksum_off >> 8 == 0 for word in words], 8),
        ("all of both", [word.checksum_off == 0 and word.format == FORMAT for word in words], 20),
    ):
        expected = len(words) / 2**bits
        print(f"of {len(words):,} words {sum(right)} have {name} right; chance gives {expected:.1f}")


def main() -> None:
    """Choose by the first argument."""
    what, *rest = sys.argv[1:] or [""]
    cv2.setNumThreads(1)
    if what == "attacks" and rest:
        for path in map(Path, rest):
            attack(path.name, lambda path=path: frames_of(path))
    elif what == "attacks":
        for name, made in {"landscape": landscape, "skin": skin}.items():
            attack(name, made)
    elif what == "speed":
        speed()
    elif what == "alarms":
        alarms(float(rest[0]) if rest else 1.0, [Path(name) for name in rest[1:]])
    else:
        print(__doc__)


if __name__ == "__main__":
    main()
