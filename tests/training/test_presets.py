"""Presets and options are valid, complete and light to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from understudy.errors import ModelUnknown, OptionInvalid
from understudy.geometry import FACE_TYPES
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.options import describe, parse_options
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS, preset_named


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_names_a_network_a_face_type_and_valid_options(name: str) -> None:
    preset = preset_named(name)
    assert preset.architecture in ARCHITECTURES
    assert preset.face_type in FACE_TYPES
    assert preset.help
    parse_options(TrainOptions, preset.train)


@pytest.mark.parametrize("name", PRESETS)
def test_every_presets_network_can_be_built(name: str) -> None:
    preset = preset_named(name)
    assert build(preset.architecture, preset.network, device="meta").size_px % 16 == 0


def test_the_published_presets_are_there() -> None:
    assert {"quick", "h64", "h128", "df", "liaef128", "miaef128", "sae", "saehd", "quick96"} <= set(PRESETS)


def test_quick96_steps_as_deepfacelabs_does() -> None:
    options = parse_options(TrainOptions, preset_named("quick96").train)
    assert (options.optimizer, options.learning_rate, options.batch_size) == ("rmsprop", 2e-4, 4)
    assert (options.lr_dropout, options.lr_dropout_share) == (True, 0.3)


def test_every_network_can_be_had_by_a_preset() -> None:
    assert {preset.architecture for preset in PRESETS.values()} == set(ARCHITECTURES)


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match="quick"):
        preset_named("fast")


def test_every_option_is_declared_with_help() -> None:
    assert all(info.help for info in describe(TrainOptions))


@pytest.mark.parametrize("value", [{"minutes": 0}, {"minutes": -3}, {"iterations": 0}, {"batch_size": -1}])
def test_impossible_values_are_refused_by_name(value: dict[str, float]) -> None:
    with pytest.raises(OptionInvalid, match=next(iter(value))):
        parse_options(TrainOptions, value)


def test_presets_and_options_do_not_load_torch() -> None:
    code = (
        "import sys, understudy.training.presets, understudy.training.options; "
        "sys.exit(bool({'torch', 'cv2', 'av'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
