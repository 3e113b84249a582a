"""Sets of losses hold the references' weights, and single losses count more than their set."""

from __future__ import annotations

from typing import get_args

import pytest

from understudy.errors import OptionInvalid
from understudy.options import parse_options
from understudy.training.losses.options import LossOptions
from understudy.training.losses.presets import LOSS_PRESETS
from understudy.training.options import TrainOptions


def test_every_set_can_be_chosen_and_says_real_options() -> None:
    assert set(get_args(LossOptions.model_fields["losses"].annotation)) == set(LOSS_PRESETS)
    for name, values in LOSS_PRESETS.items():
        assert parse_options(LossOptions, {"losses": name}) == parse_options(
            LossOptions, {"losses": name, **values}
        )


def test_dfl_has_the_weights_of_the_reference() -> None:
    options = parse_options(TrainOptions, {"losses": "dfl"})
    assert (options.structure, options.structure_weight) == ("windows", 10)
    assert (options.color, options.color_weight, options.mask_weight) == ("l2", 10, 10)
    assert (options.eyes_weight, options.mouth_weight, options.background_weight) == (0, 0, 0)
    assert options.mask_area == "soft" and options.masked_training


def test_another_set_replaces_the_whole_one_before() -> None:
    amp = LossOptions(losses="amp", critic_rate=0.001)
    for name in LOSS_PRESETS:
        changed = amp.changed(losses=name, color_weight=7.0)
        wanted = LossOptions(losses=name, critic_rate=0.001, color_weight=7.0)  # type: ignore[arg-type]
        assert changed == (amp.changed(color_weight=7.0) if name == "amp" else wanted)
    with pytest.raises(OptionInvalid, match="losses"):
        amp.changed(losses="nobody")


def test_amp_looks_through_both_windows_and_always_at_eyes_and_mouth() -> None:
    options = LossOptions(losses="amp")
    assert (options.structure, options.eyes_weight, options.mouth_weight) == ("both_windows", 300, 300)
    assert (options.gan_sides, options.dst_background_weight) == ("both", 0.1)
    assert LossOptions(losses="dfl").dst_background_weight == 0


@pytest.mark.parametrize("name", LOSS_PRESETS)
def test_a_loss_said_by_itself_counts_more_than_its_set(name: str) -> None:
    assert LossOptions(losses=name, mask_weight=3.5).mask_weight == 3.5  # type: ignore[arg-type]
    changed = LossOptions(losses=name).changed(color_weight=2.5)  # type: ignore[arg-type]
    assert changed.color_weight == 2.5 and changed.mask_weight == LossOptions(losses=name).mask_weight  # type: ignore[arg-type]
