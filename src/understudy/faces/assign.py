"""Pairs of least total cost: which detection goes on with which track."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_FORBIDDEN = 1e6


def best_pairs(costs: Array, *, most: float) -> list[tuple[int, int]]:
    """(row, column) pairs of a matrix of costs, each row and column at most once, of least total cost where
    staying alone costs `most`; so no pair costs more. Infinite costs are never paired.

    The Hungarian method with potentials, one shortest path a row: Kuhn 1955; Jonker and Volgenant, Computing
    38, 1987. Cubic, for the few faces of one frame.
    """
    rows, columns = costs.shape
    alone = np.full((rows, rows), most)
    square = np.concatenate([np.minimum(costs, _FORBIDDEN), alone], axis=1)
    column_of = _row_minimum(square)
    return [(row, int(c)) for row, c in enumerate(column_of) if c < columns and costs[row, c] <= most]


def _row_minimum(costs: Array) -> npt.NDArray[np.intp]:
    """The column of every row in an assignment of least total cost; not more rows than columns."""
    rows, columns = costs.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    row_at = np.full(columns + 1, -1)  # the last column is where each search starts
    for row in range(rows):
        row_at[columns] = row
        here, reached = columns, np.zeros(columns + 1, bool)
        nearest, came_from = np.full(columns, np.inf), np.full(columns, columns)
        while row_at[here] >= 0:
            reached[here] = True
            at = row_at[here]
            reduced = costs[at] - row_price[at] - column_price[:columns]
            better = ~reached[:columns] & (reduced < nearest)
            nearest[better], came_from[better] = reduced[better], here
            open_ = np.where(reached[:columns], np.inf, nearest)
            following = int(np.argmin(open_))
            step = open_[following]
            row_price[row_at[reached]] += step
            column_price[reached] -= step
            nearest[~reached[:columns]] -= step
            here = following
        while here != columns:
            row_at[here] = row_at[came_from[here]]
            here = int(came_from[here])
    column_of = np.full(rows, -1)
    taken = np.flatnonzero(row_at[:columns] >= 0)
    column_of[row_at[taken]] = taken
    return column_of
