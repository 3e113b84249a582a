"""What a finished file is for, and the encode options that this asks for: one entry a purpose. Only a table.

Values are those that differ from the defaults of EncodeOptions. Presets of a project and of its user have the
same form (`project.own_presets`); which one a name means is `jobs.presets`' matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Purpose:
    """One sentence for people, and values of encode options by name."""

    help: str
    encode: Mapping[str, Any]


PURPOSES: dict[str, Purpose] = {
    "web": Purpose(
        "For browsers, phones and players of every kind: H.264 of 8 bits in an MP4.",
        {"container": "mp4", "codec": "h264", "crf": 20, "preset": "slow", "eight_bit": True},
    ),
    "review": Purpose(
        "To send round and talk about: a small MP4 on whose picture it says that it is made with AI.",
        {"container": "mp4", "codec": "h264", "crf": 28, "preset": "veryfast", "eight_bit": True}
        | {"label_language": "en"},
    ),
    "archive": Purpose(
        "To keep for good: every pixel and all of its bits, with all sound, as FFV1 in Matroska.",
        {"container": "mkv", "codec": "ffv1"},
    ),
    "edit": Purpose(
        "For an editor's timeline: the finished picture as ProRes 422 HQ, quick to scrub.",
        {"container": "mov", "codec": "prores"},
    ),
    "edit-alpha": Purpose(
        "For a track above dst in an editor: the painted faces alone, with alpha, as ProRes 4444.",
        {"container": "mov", "codec": "prores_4444", "content": "face", "audio": "none"},
    ),
    "comp": Purpose(
        "For Nuke and Fusion: scene-linear EXR images with the layers plate, face and mask, from 1001 on.",
        {"container": "images", "images": "exr", "first_number": 1001},
    ),
    "mask": Purpose(
        "A matte to work with: the mask of the faces in grey, without loss and without sound.",
        {"container": "mkv", "codec": "ffv1", "content": "mask", "audio": "none"},
    ),
    "patches": Purpose(
        "To lay over dst elsewhere: small images of the faces alone, with alpha, and a JSON of their places.",
        {"container": "images", "images": "png16", "content": "face", "window": True},
    ),
}
