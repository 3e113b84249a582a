"""`understudy clip frames | cut | denoise | deinterlace | join | info`.

Small works on clips, outside of any project.
"""

from __future__ import annotations

import json as text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from understudy.cli.flags import Json
from understudy.cli.show import run
from understudy.counts import counted
from understudy.media.options import (
    CutOptions,
    DeinterlaceOptions,
    DenoiseOptions,
    FrameFileOptions,
    JoinOptions,
)

app = App(name="clip", help="Take clips apart, cut, clean and join them, and say what they are.")

Out = Annotated[Path, Parameter(name=["--out", "-o"], show_default=False)]


@app.command
def frames(
    clip: Path,
    /,
    *,
    out: Out,
    json: Json = False,
    options: Annotated[FrameFileOptions, Parameter(name="*", group="Frames")] = FrameFileOptions(),
) -> None:
    """Write a clip's frames as image files, each named by its number in the clip; run again, it goes on.

    Parameters
    ----------
    clip:
        The video.
    out:
        The folder for the images; their times are in frames.json beside them.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.clips.tools import write_frames

    run(write_frames(clip, out, options), json=json)


@app.command
def cut(
    clip: Path,
    /,
    *,
    out: Out,
    start: Annotated[str, Parameter(name=["--from", "--start"])] = "",
    stop: Annotated[str, Parameter(name=["--to", "--stop"])] = "",
    json: Json = False,
    options: Annotated[CutOptions, Parameter(name="*", group="Cutting")] = CutOptions(),
) -> None:
    """Write a piece of a video. Copied bit by bit where it begins at a key frame, else encoded to be exact.

    Parameters
    ----------
    clip:
        The video.
    out:
        The file to write.
    start:
        Where the piece begins: seconds (12.5), a clock time (0:01:02.500) or a frame (310f).
    stop:
        Where it ends; the frame there is no longer in it, so that --from 2f --to 12f are frames 2 to 11.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.clips.tools import cut as cut_clip

    run(cut_clip(clip, out, options, start=start, stop=stop), json=json)


@app.command
def denoise(
    clip: Path,
    /,
    *,
    out: Out,
    json: Json = False,
    options: Annotated[DenoiseOptions, Parameter(name="*", group="Denoising")] = DenoiseOptions(),
) -> None:
    """Take the noise out of a clip, over time and in each picture, and leave edges and movement.

    Parameters
    ----------
    clip:
        A video or a folder of images.
    out:
        The file to write, with the sound; without an ending a folder for PNG images.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.clips.tools import denoise as denoise_clip

    run(denoise_clip(clip, out, options), json=json)


@app.command
def deinterlace(
    clip: Path,
    /,
    *,
    out: Out,
    json: Json = False,
    options: Annotated[DeinterlaceOptions, Parameter(name="*", group="Fields")] = DeinterlaceOptions(),
) -> None:
    """Make whole frames of interlaced ones, as every later step needs them.

    Parameters
    ----------
    clip:
        The video.
    out:
        The file to write, with the sound.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.clips.deinterlacing import deinterlace as deinterlace_clip

    run(deinterlace_clip(clip, out, options), json=json)


@app.command
def join(
    *parts: Path,
    out: Out,
    like: Path | None = None,
    json: Json = False,
    options: Annotated[JoinOptions, Parameter(name="*", group="Joining")] = JoinOptions(),
) -> None:
    """Make one movie of images, or of several clips end to end.

    Parameters
    ----------
    parts:
        Folders of images and videos of one size, in order.
    out:
        The file to write.
    like:
        A video whose times, colours and sound are taken, as for images that were taken out of it.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.errors import OptionInvalid
    from understudy.jobs.clips.movies import join as join_clips

    if not parts:
        raise OptionInvalid("Name at least one folder of images or one video to join.")
    run(join_clips(parts, out, options, like=like), json=json)


@app.command
def info(clip: Path, /, *, json: Json = False) -> None:
    """Say what a clip is: picture, times, colours, sound, damage and marks.

    Parameters
    ----------
    clip:
        A video, a folder of images or one image.
    json:
        Print the facts as JSON.
    """
    from understudy.jobs.clips.info import clip_info

    facts = clip_info(clip)
    if json:
        print(text.dumps(facts, ensure_ascii=False))
        return
    for name, words in _lines(facts):
        print(f"{name:<10} {words}")


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    color, rate = facts["color"], facts["frames_per_second"]
    turned = f", turned by {facts['rotation_deg']} degrees" if facts["rotation_deg"] else ""
    shape = "" if facts["pixel_aspect"] == "1" else f", pixels {facts['pixel_aspect']} as wide as high"
    light = ", scene-linear" if facts["scene_linear"] else ""
    uneven = " on average, uneven" if facts["variable_rate"] else ""
    pace = "" if rate is None else f", {rate:g} frames per second{uneven}"
    if facts["assumed_rate"]:
        pace = " at 25 frames per second, which is assumed: `understudy add --fps` says it for a project"
    lines = [
        ("clip", facts["path"]),
        ("kind", f"{facts['kind']}, {facts['codec']}, {facts['size_bytes'] / 1e6:,.1f} MB"),
        ("picture", f"{facts['width']} x {facts['height']}{shape}{turned}"),
        ("depth", f"{facts['bit_depth']} bits, {facts['pixel_format']}{light}"),
        ("time", f"{counted(facts['frames'], 'frame')}, {facts['duration_s']:.3f} s{pace}"),
        ("colour", ", ".join(f"{name} {color[name]}" for name in ("matrix", "primaries", "transfer", "range"))),
    ]
    if facts["interlaced"]:
        lines.append(("fields", f"interlaced, {facts.get('field_order') or 'in an order that is not said'}"))
    if facts["timecode"]:
        lines.append(("timecode", facts["timecode"]))
    lines += [("sound", _sound_words(sound)) for sound in facts["audio"]] or [("sound", "none")]
    lines.append(("marks", facts["marks"]))
    return [*lines, ("damage", facts["damage"] or "none")]


def _sound_words(sound: dict[str, Any]) -> str:
    told = [f"track {sound['track']}", sound["codec"]]
    if "rate_hz" in sound:
        told += [f"{sound['rate_hz']} Hz", sound["layout"]]
    if sound["language"]:
        told.append(sound["language"])
    return ", ".join(told)
