"""What may leave `encode` without marks: what stays between the makers, never what people are shown.

Rules only. That it is written down is `jobs.delivery.marks`' matter.
"""

from __future__ import annotations

from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.media.codecs import CODECS
from understudy.media.images import IMAGE_SUFFIXES
from understudy.merging.delivery.options import EncodeOptions

_PLAYED_ANYWHERE = (".mp4", ".m4v")
_WAY_OUT = (
    "Without marks go: faces or masks alone (--content), a folder of several images, an .exr, and a .mkv, .mov "
    f"or .avi of a codec without loss ({', '.join(n for n, c in CODECS.items() if c.lossless)}). Leave out "
    "--closed-production to finish this file with its marks."
)


def require_intermediate(options: EncodeOptions, out: Path) -> None:
    """Raise OptionInvalid where `out` shall go without marks and is what people are shown, or without a reason.

    `options` are settled ones (`effect.settled`).
    """
    if not options.closed_production:
        return
    if not options.closed_production.strip():
        raise OptionInvalid("Say after --closed-production why this goes without marks, for the ledger.")
    if options.content != "picture":
        return
    if options.label_words():
        raise OptionInvalid("A label is for what people are shown, and that is never without marks.", out)
    suffix = out.suffix.lower()
    if suffix in IMAGE_SUFFIXES and suffix != ".exr":
        raise OptionInvalid(f"One {suffix} is a finished still, which keeps its marks. {_WAY_OUT}", out)
    if not suffix or suffix in IMAGE_SUFFIXES:
        return
    if suffix in _PLAYED_ANYWHERE or not CODECS[options.codec].lossless:
        raise OptionInvalid(
            f"A {suffix} of {options.codec} is a finished film, which keeps its marks. {_WAY_OUT}", out
        )
