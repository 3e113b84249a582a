"""The modes by name, and what sets them apart."""

from __future__ import annotations

from typing import get_args

from understudy.merging.blending.modes import MODES
from understudy.merging.blending.options import Mode
from understudy.merging.raw import RAW_MODES


def test_every_mode_that_can_be_chosen_is_there_and_every_raw_one_has_its_maker() -> None:
    assert set(MODES) == set(get_args(Mode))
    assert {name for name, mode in MODES.items() if mode.raw} == set(RAW_MODES)
