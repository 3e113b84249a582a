from __future__ import annotations

import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track, src_track
from understudy.actors.render import Rendered, render


@pytest.fixture(scope="session")
def src_frames() -> list[Rendered]:
    """Six frames of one actor, 160 x 160."""
    return [render(DEMO_SRC, state, size_px=160) for state in src_track(160, 1)[::27]]


@pytest.fixture(scope="session")
def dst_frames() -> list[Rendered]:
    """Six frames of another actor in other light, 160 x 160."""
    return [render(DEMO_DST, state, size_px=160) for state in dst_track(60, 2)[::10]]
