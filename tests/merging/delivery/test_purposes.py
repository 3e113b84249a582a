"""Every purpose makes a file that holds what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.media.codecs import codec_for
from understudy.merging.delivery.closed import require_intermediate
from understudy.merging.delivery.effect import settled, usual_ending, without_effect
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.purposes import PURPOSES
from understudy.options import parse_options


@pytest.mark.parametrize("name", PURPOSES)
def test_every_purpose_fits_together_and_none_of_its_options_does_nothing(name: str) -> None:
    purpose = PURPOSES[name]
    options = parse_options(EncodeOptions, purpose.encode)
    out = Path(f"x{usual_ending(options, Path('dst.mp4'))}")
    if out.suffix:
        codec_for(out, options.codec, crf=options.crf, alpha=options.content == "face")
    assert settled(options, out) == options
    assert not set(purpose.encode) & set(without_effect(options, out, from_images=False))
    defaults = EncodeOptions()
    assert [key for key, value in purpose.encode.items() if getattr(defaults, key) == value] in ([], ["codec"])
    require_intermediate(options, out)
    assert purpose.help.endswith(".")


def test_a_review_says_on_its_picture_that_it_is_made_with_ai() -> None:
    assert parse_options(EncodeOptions, PURPOSES["review"].encode).label_words() == "made with AI"
