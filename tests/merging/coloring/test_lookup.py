"""A table gives back the moves it was fitted to, smoothly, and averages as they do."""

from __future__ import annotations

import numpy as np

from understudy.merging.coloring.lookup import NODES, fitted, moves_at


def cloud(seed: int = 0, count: int = 3000) -> np.ndarray:
    mixing = np.array([[0.1, 0.02, 0], [0, 0.03, 0.01], [0, 0, 0.02]])
    return (0.5 + np.random.default_rng(seed).normal(size=(count, 3)) @ mixing).astype(np.float32)


def linear(places: np.ndarray) -> np.ndarray:
    away = places - places.mean(0)
    return (0.1 + away @ np.array([[-0.5, 0.1, 0], [0, 0.4, 0], [0.2, 0, -0.3]])).astype(np.float32)


def at(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    return moves_at(table, places[None].astype(np.float32))[0]


def test_a_table_looks_up_as_slowly_node_by_node() -> None:
    places = cloud(1, 50)
    table = fitted(cloud(), linear(cloud()))
    grid = table[6:].reshape(NODES, NODES, NODES, 3)
    for place, found in zip(places, at(table, places), strict=True):
        where = np.clip(((place - table[:3]) / (3 * table[3:6]) + 1) * (NODES - 1) / 2, 0, NODES - 1)
        low = np.minimum(where.astype(int), NODES - 2)
        way, slow = where - low, np.zeros(3)
        for corner in np.ndindex(2, 2, 2):
            share = np.prod([w if c else 1 - w for w, c in zip(way, corner, strict=True)])
            slow += share * grid[tuple(low + corner)]
        np.testing.assert_allclose(found, slow, atol=1e-5)


def test_moves_come_back_where_they_were_known() -> None:
    places = cloud()
    missed = at(fitted(places, linear(places)), places) - linear(places)
    assert np.sqrt((missed**2).mean()) < 0.08 * linear(places).std()


def test_far_colours_move_like_the_nearest_known_and_never_wildly() -> None:
    places = cloud()
    far = at(fitted(places, linear(places)), np.array([[9.0, 9, 9], [-5, 0, 3], [0.5, 0.5, 0.5]]))
    most = np.abs(linear(places)).max()
    assert np.isfinite(far).all() and np.abs(far).max() < 1.5 * most


def test_a_cloud_of_one_colour_moves_as_one() -> None:
    places = np.full((100, 3), 0.5, np.float32)
    moves = np.broadcast_to(np.float32([0.1, -0.2, 0]), places.shape)
    np.testing.assert_allclose(at(fitted(places, moves), places[:1]), moves[:1], atol=1e-3)


def test_averaged_tables_of_one_cloud_move_by_the_average() -> None:
    places = cloud()
    one, other = fitted(places, linear(places)), fitted(places, -0.5 * linear(places))
    np.testing.assert_allclose(
        at((one + other) / 2, places), at(fitted(places, 0.25 * linear(places)), places), atol=1e-3
    )


def test_a_table_that_came_from_another_process_and_is_read_only_works_the_same() -> None:
    table = fitted(cloud(), linear(cloud()))
    before = at(table, cloud())
    table.setflags(write=False)
    np.testing.assert_array_equal(at(table, cloud()), before)
