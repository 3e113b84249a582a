"""Claims about the jaw's seen contour."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.jaw import seen_jaw
from understudy.actors.template import sample_grid, template


def test_points_that_are_seen_stay_and_hidden_ones_move_to_where_the_head_is_seen_first() -> None:
    head = template(2.0)
    xy = (head.points[..., :2] * 0.5 + 100).astype(np.float32)
    depth = head.points[..., 2].astype(np.float32)
    nowhere = np.full((200, 200), -1e6, np.float32)
    on_skin = sample_grid(xy.astype(float), head.landmarks_uv[:17])
    assert np.allclose(seen_jaw(head, xy, depth, nowhere), on_skin)
    # A wall in front of everything left of the nose hides that half of the jaw.
    wall = nowhere.copy()
    wall[:, :100] = 500.0
    moved = seen_jaw(head, xy, depth, wall)
    assert np.allclose(moved[9:], on_skin[9:])
    assert (moved[:8, 0] > 96).all() and (on_skin[:6, 0] < 90).all()
