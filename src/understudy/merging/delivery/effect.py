"""Which encode options and which ending a file gets where none are said, and which options do nothing.

Heard before hours of work.
"""

from __future__ import annotations

from pathlib import Path

from understudy.media.codecs import CODECS
from understudy.media.images import IMAGE_SUFFIXES
from understudy.merging.delivery.options import Container, EncodeOptions

_WITHOUT_LOSS = {
    ".mkv": "ffv1",
    ".avi": "ffv1",
    ".mov": "png",
    ".mp4": "h264_lossless",
    ".m4v": "h264_lossless",
}
_OF_LABELS = ("label", "label_language", "label_place", "label_size", "label_seconds")
_OF_MOVIES = ("codec", "crf", "bitrate", "preset", "eight_bit", "audio")
_MOVIES = (".mp4", ".mov", ".mkv")


def without_effect(options: EncodeOptions, out: Path, *, from_images: bool) -> dict[str, str]:
    """Names of options that change nothing in `out`, with the reason; `from_images` where dst is no movie."""
    suffix = out.suffix.lower()
    idle: dict[str, str] = {}
    if suffix:
        idle |= dict.fromkeys(("images", "first_number"), "it is for a folder of images, a name without ending")
    elif from_images:
        idle["first_number"] = "images of an image folder keep its names"
    if not suffix or suffix in IMAGE_SUFFIXES:
        idle |= dict.fromkeys(_OF_MOVIES, "it is for movies, and this becomes images")
    elif not CODECS[options.codec].has_preset:
        idle["preset"] = f"{options.codec} has no presets"
    if options.container and _ending(options.container) != suffix:
        idle["container"] = "the file's name says what it becomes"
    if not options.closed_production:
        idle["closed_production_by"] = "the marks are not left out"
    if options.content != "picture":
        idle |= dict.fromkeys(_OF_LABELS, f"only the picture is labelled, not the {options.content}")
    elif not options.label_words():
        idle |= dict.fromkeys(_OF_LABELS[2:], "there is no label")
    elif options.label.strip():
        idle["label_language"] = "the label has words of its own"
    return idle


def settled(options: EncodeOptions, out: Path) -> EncodeOptions:
    """The options with what a mask needs where nothing else was said: no loss and no sound."""
    if options.content != "mask":
        return options
    fitting = {"codec": _WITHOUT_LOSS.get(out.suffix.lower(), options.codec), "audio": "none"}
    said = options.model_fields_set
    return options.model_copy(update={name: value for name, value in fitting.items() if name not in said})


def usual_ending(options: EncodeOptions, clip: Path) -> str:
    """The ending of a finished file that nobody named; empty is a folder of images.

    As the container says; else that of dst, or of the first container that holds the codec where dst's doesn't.
    """
    if options.container:
        return _ending(options.container)
    suffix = clip.suffix.lower()
    if clip.is_dir():
        return ""
    if suffix in IMAGE_SUFFIXES:
        return ".exr" if suffix == ".exr" else ".png"
    ending = suffix if suffix in _MOVIES else ".mp4"
    codec = CODECS[settled(options, Path(f"it{ending}")).codec]
    # What loses nothing is no film to be played: an MP4 is, where anything else can hold it.
    fits = ending in codec.suffixes and not (codec.lossless and ending == ".mp4")
    return ending if fits else codec.suffixes[0]


def _ending(container: Container) -> str:
    return "" if container == "images" else f".{container}"
