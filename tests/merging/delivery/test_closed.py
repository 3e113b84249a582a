"""Without marks goes what stays between the makers, and nothing that people are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import OptionInvalid
from understudy.merging.delivery.closed import require_intermediate
from understudy.merging.delivery.options import EncodeOptions

WHY = {"closed_production": "plates for the compositor"}


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("layers", {"images": "exr"}),
        ("layers", {"images": "png"}),
        ("one.exr", {}),
        ("shot.mkv", {"codec": "ffv1"}),
        ("shot.mov", {"codec": "png"}),
        ("face.mov", {"content": "face", "codec": "prores_4444"}),
        ("face.png", {"content": "face"}),
        ("mask.mp4", {"content": "mask", "codec": "h264_lossless"}),
    ],
)
def test_layers_and_movies_without_loss_may_go_without_marks(out: str, said: dict[str, str]) -> None:
    require_intermediate(EncodeOptions.model_validate({**WHY, **said}), Path(out))


@pytest.mark.parametrize(
    ("out", "said", "words"),
    [
        ("shot.mp4", {}, "A .mp4 of h264 is a finished film"),
        ("shot.mp4", {"codec": "h264_lossless"}, "finished film"),
        ("shot.mov", {"codec": "prores"}, "A .mov of prores is a finished film"),
        ("shot.mkv", {"codec": "av1"}, "finished film"),
        ("shot.png", {}, "One .png is a finished still"),
        ("shot.tif", {}, "finished still"),
        ("layers", {"label": "made with AI"}, "A label is for what people are shown"),
        ("layers", {"closed_production": "  "}, "Say after --closed-production why"),
    ],
)
def test_what_people_are_shown_keeps_its_marks(out: str, said: dict[str, str], words: str) -> None:
    with pytest.raises(OptionInvalid, match=words):
        require_intermediate(EncodeOptions.model_validate({**WHY, **said}), Path(out))
    kept = {name: value for name, value in said.items() if name != "closed_production"}
    require_intermediate(EncodeOptions.model_validate(kept), Path(out))
