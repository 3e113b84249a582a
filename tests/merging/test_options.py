"""The options of merging and encoding: complete, within their ranges, light to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from understudy.errors import OptionInvalid
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import describe, parse_options


@pytest.mark.parametrize("options", [MergeOptions, EncodeOptions])
def test_every_option_is_described_and_its_default_is_valid(options) -> None:
    infos = describe(options)
    assert infos and all(info.help.endswith(".") for info in infos)
    assert parse_options(options, options().model_dump()) == options()


def test_the_modes_masks_and_colours_of_the_field_can_be_chosen() -> None:
    choices = {info.name: set(info.choices) for info in describe(MergeOptions)}
    assert choices["mode"] == {
        "original",
        "overlay",
        "hist-match",
        "hist-match-bw",
        "seamless",
        "seamless-hist-match",
    } | {"raw-rgb", "raw-predict", "raw-mask", "raw-layers"}
    assert choices["color"] >= {"none", "rct"}


@pytest.mark.parametrize("values", [{"erode": 3}, {"mode": "paste"}, {"blur": -0.1}, {"feather": 1}])
def test_nonsense_is_refused_in_one_sentence(values: dict) -> None:
    with pytest.raises(OptionInvalid, match=next(iter(values))):
        parse_options(MergeOptions, values)


def test_reading_the_options_loads_nothing_heavy() -> None:
    code = (
        "import sys, understudy.merging.options; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'cv2', 'av', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
