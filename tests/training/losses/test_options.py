"""What the losses take, and that an unknown set is refused in one sentence."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.options import describe, parse_options
from understudy.training.losses.options import LossOptions


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(OptionInvalid, match="losses"):
        parse_options(LossOptions, {"losses": "nobody"})


def test_all_losses_but_the_set_can_change_while_training() -> None:
    assert [info.name for info in describe(LossOptions) if info.when != "live"] == ["losses"]
