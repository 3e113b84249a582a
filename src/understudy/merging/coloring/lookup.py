"""A small table of moves over a space of colours: fitted to scattered moves, looked up for every pixel.

What is kept is one vector of fixed length, so that tables of neighbouring frames can be averaged: the centre
and the spread of the colours it was fitted to, and moves on a grid that reaches three spreads either way.
Farther colours move as the nearest on the grid does, however bright they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

NODES = 13
_REACH = 3.0  # spreads from the centre to the grid's ends
_LEAST_SPREAD_SHARE = 0.02  # of the widest axis: a flat one must not be stretched over the grid
_SIGMAS = (3.0, 1.2, 0.5, 0.0)  # in nodes: what wide smoothing leaves is fitted more finely
_STEPS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(8, 3)
_DOUBT = 0.5  # pixels' worth of "no further move" at every node


def fitted(places_N3: Float32, moves_N3: Float32) -> Float32:
    """The table for moves known at some places of a colour space.

    Scattered moves become a grid by normalised convolution (Knutsson and Westin, CVPR 1993), what is missing
    after each pass being fitted by the next, finer one.
    """
    centre, spread = places_N3.mean(0), places_N3.std(0)
    spread = np.maximum(spread, max(float(spread.max()) * _LEAST_SPREAD_SHARE, 1e-4))
    nodes, weights = _corners(places_N3, centre, spread)
    counted = _splat(nodes, weights)
    table = np.zeros((NODES**3, 3))
    beyond = moves_N3.mean(0)  # where no colour is near; later passes leave it
    for sigma in _SIGMAS:
        missing = moves_N3 - np.einsum("nk,nkc->nc", weights, table[nodes])
        sums = [_splat(nodes, weights * part[:, None]) for part in missing.T]
        smooth = _smoothed(np.stack([counted, *sums], -1), sigma)
        table += (smooth[:, 1:] + _DOUBT * beyond) / (smooth[:, :1] + _DOUBT)
        beyond = 0
    return np.concatenate([centre, spread, table.ravel()]).astype(np.float32)


def moves_at(table: Float32, places_HW3: Float32) -> Float32:
    """The moves of a table at places of its colour space, straight in between its nodes; (height, width, 3)."""
    import torch  # three times as fast as numpy; a merge that looks nothing up needn't load it

    places = torch.from_numpy((places_HW3 - table[:3]) / (table[3:6] * np.float32(_REACH)))
    grid = torch.tensor(table[6:]).view(NODES, NODES, NODES, 3).permute(3, 0, 1, 2)
    found = torch.nn.functional.grid_sample(
        grid[None], places.flip(-1)[None, None], padding_mode="border", align_corners=True
    )
    return found[0, :, 0].permute(1, 2, 0).contiguous().numpy()


def _corners(places_N3: Float32, centre: Float32, spread: Float32) -> tuple[npt.NDArray[np.int64], Float64]:
    """The eight nodes about each place and how much each counts, both (N, 8)."""
    on_grid = ((places_N3 - centre) / (spread * _REACH) + 1) * ((NODES - 1) / 2)
    on_grid = np.clip(on_grid.astype(np.float64), 0, NODES - 1)
    low = np.minimum(on_grid.astype(np.int64), NODES - 2)
    strides = np.array([NODES * NODES, NODES, 1])
    nodes = (low @ strides)[:, None] + _STEPS @ strides
    shares = np.stack([1 - (on_grid - low), on_grid - low])  # of the lower and the upper node along each axis
    weights = shares[_STEPS[:, 0], :, 0] * shares[_STEPS[:, 1], :, 1] * shares[_STEPS[:, 2], :, 2]
    return nodes, weights.T


def _splat(nodes: npt.NDArray[np.int64], weights: Float64) -> Float64:
    return np.bincount(nodes.ravel(), weights.ravel(), minlength=NODES**3).astype(np.float64)


def _smoothed(fields: Float64, sigma: float) -> Float64:
    """Fields over the nodes, (nodes ** 3, fields), blurred along all three axes of the grid."""
    if not sigma:
        return fields
    place = np.arange(NODES)
    blur = np.exp(-((place[:, None] - place) ** 2) / (2 * sigma**2))
    cube = np.moveaxis(fields.reshape(NODES, NODES, NODES, -1), -1, 0)
    for _ in range(3):  # the axes change places, and after three turns are back
        cube = np.moveaxis(cube @ blur, -1, 1)
    return np.moveaxis(cube, 0, -1).reshape(fields.shape)
