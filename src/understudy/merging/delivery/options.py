"""What can be chosen when the result becomes a file. Only declarations: no images, no heavy imports."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from understudy.media.codecs import CodecName
from understudy.merging.delivery.purposes import PURPOSES
from understudy.options import Names, Options, option

ImageFormat = Literal["png", "png16", "tiff", "exr"]
Container = Literal["mp4", "mov", "mkv", "avi", "images"]
LabelPlace = Literal["lower-left", "lower-right", "upper-left", "upper-right", "lower-middle"]
LabelLanguage = Literal["en", "de", "fr", "es", "it", "nl", "pt"]
LABEL_WORDS: dict[LabelLanguage, str] = {
    "en": "made with AI",
    "de": "mit KI erstellt",
    "fr": "créé avec l'IA",
    "es": "hecho con IA",
    "it": "creato con l'IA",
    "nl": "gemaakt met AI",
    "pt": "feito com IA",
}


class EncodeOptions(Options):
    """How the finished shot is written. Size, times, colours, bit depth and sound are those of dst."""

    purpose: str = option(
        "",
        "A preset by its purpose, as web or archive: a named set of the options below, and what is said beside "
        "it wins. `understudy preset list` shows them all, yours too.",
        names=Names(lambda: ["", *PURPOSES], of_project="encode presets"),
    )
    frames: str = option(
        "",
        "Only this stretch of one clip, like 120:160 (both included), 300 or 900:, with its own sound and "
        "timecode; images keep the numbers they have in the whole. It alone need be merged.",
    )
    container: Container | None = option(
        None,
        "What becomes of a file that is given no name: a movie of this kind, or a folder of images. Nothing "
        "chosen: as dst is, or as the codec needs it.",
    )
    codec: CodecName = option(
        "h264",
        "h264 plays everywhere; hevc and av1 are smaller; prores (.mov) and dnxhr are for editing, "
        "prores_4444 also with alpha; ffv1, png, qtrle and utvideo (.avi) lose nothing and can hold alpha; "
        "*_lossless are mp4 without loss; *_nvenc, *_qsv and *_amf use a GPU's encoder. An image folder gives "
        "images whatever stands here.",
    )
    crf: int | None = option(
        None,
        "Quality of h264, hevc, av1, mpeg4 and GPU encoders; lower is better and larger. Nothing chosen: near "
        "to lossless to the eye.",
        low=0,
        high=63,
        called="quality (crf)",
    )
    bitrate: float | None = option(
        None,
        "How large the picture may be on average, instead of a quality.",
        low=0.01,
        high=2000,
        unit="Mbit/s",
    )
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow", "slower"] | None = option(
        None, "How long h264, hevc and av1 may think; slower makes smaller files. Nothing chosen: medium."
    )
    eight_bit: bool = option(
        False,
        "Write a movie in 8 bits where dst has more, for browsers and players that show no others.",
    )
    audio: str = option(
        "all",
        "Which sound of dst goes into a movie: all, none, or the number of one track, from 1.",
        names=Names(lambda: ["all", "none"], others=True),
    )
    content: Literal["picture", "face", "mask"] = option(
        "picture",
        "What is shown: the finished picture, the painted faces alone with alpha, or their mask in grey. Face "
        "and mask need a merge that kept masks, as merges do unless told otherwise.",
    )
    window: bool = option(
        False,
        "Show only a window around the faces, as large in every frame; where it lies is told in "
        "NAME.transform.json, and in EXR files.",
    )
    images: ImageFormat | None = option(
        None,
        "Which images a folder gets: png in dst's depth, png16 or tiff of 16 bits, or exr, scene-linear with "
        "the layers plate, face and mask. Nothing chosen: exr where dst is, else png.",
    )
    first_number: int = option(
        0, "Number of dst's first image where it is a movie; images of an image folder keep its names.", low=0
    )
    use: str = option(
        "",
        "What the finished file is for, as film or trailer. It stops where a performer agreed to named uses "
        "and this is none of them; it stands in the credentials and the ledger.",
    )
    closed_production: str = option(
        "",
        "Why this goes without marks: for layers, masks, image sequences and movies without loss that stay "
        "between the makers. The reason goes into the project's ledger; a finished film keeps its marks.",
    )
    closed_production_by: str = option(
        "", "Who decided that. Nothing said: the name you are logged in with on this computer."
    )
    label: str = option("", "Words shown on the picture, for example 'made with AI'.")
    label_language: LabelLanguage | None = option(
        None, "Instead of words of your own, 'made with AI' in this language."
    )
    label_place: LabelPlace = option(
        "lower-left", "The corner in which the label stands, or below in the middle."
    )
    label_size: float = option(
        0.035,
        "Height of the label's letters, as a share of the frame's height; less where the words would not fit.",
        low=0.01,
        high=0.2,
    )
    label_seconds: float = option(
        0.0, "How long the label is shown from the start; 0 is always.", low=0.0, high=100_000.0, unit="s"
    )

    @field_validator("audio", mode="after")
    @classmethod
    def _is_sound(cls, text: str) -> str:
        if text not in ("all", "none") and not (text.isascii() and text.isdecimal() and int(text)):
            raise ValueError("it is all, none or a track's number, from 1")
        return text

    def label_words(self) -> str:
        """What the label says, empty without one."""
        if self.label.strip() or self.label_language is None:
            return self.label.strip()
        return LABEL_WORDS[self.label_language]
