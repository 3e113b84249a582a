"""A track's landmarks without their jitter, without lag, and with every blink and syllable.

Each frame's face is taken apart into where it is and its shape; each part is averaged over as many frames as
its own movement allows, judged against its own noise. Who belongs to a track is `track.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from understudy.geometry import inverse, transform_points, units_from_frames

Array = npt.NDArray[np.float64]

# Averages to choose from, weakest first: frames on each side that count, degree of the fitted polynomial.
_AVERAGES = ((2.0, 2), (3.0, 2), (5.0, 2), (8.0, 1), (14.0, 1), (22.0, 1))
# What moves together.
_NONE = ()
_UPPER_LIDS, _LOWER_LIDS = (37, 38, 43, 44), (40, 41, 46, 47)
# What moves together, with the movements that tell: means of some points less those of others, in x (0) or y.
_REGIONS: tuple[tuple[range, tuple[tuple[Sequence[int], Sequence[int], int], ...]], ...] = (
    (range(17), ((range(5, 12), _NONE, 1), (range(17), _NONE, 0), (range(5), range(12, 17), 0))),
    (range(17, 27), ((range(17, 22), _NONE, 1), (range(22, 27), _NONE, 1), (range(17, 22), range(22, 27), 0))),
    (range(27, 36), ((range(27, 36), _NONE, 0), (range(30, 36), _NONE, 1), (range(27, 29), range(33, 34), 0))),
    (
        range(36, 48),
        (
            (_UPPER_LIDS, _LOWER_LIDS, 1),
            (_UPPER_LIDS[:2], _LOWER_LIDS[:2], 1),
            (_UPPER_LIDS[2:], _LOWER_LIDS[2:], 1),
        ),
    ),
    (
        range(48, 68),
        (
            (range(61, 64), range(65, 68), 1),
            (range(48, 49), range(54, 55), 0),
            (range(50, 53), _NONE, 1),
            (range(56, 59), _NONE, 1),
            (range(48, 55, 6), _NONE, 1),
        ),
    ),
)
_SURE, _SURE_OF_LIDS = 3.9, 2.4  # standard deviations beyond which a difference is no noise; a blink is short
_POOLED = 2  # independent values in a mean over three frames, about
_USUAL_SPREADS, _MOST_OVER_SURE = 4.0, 1.5  # how much more is allowed where all of a track is that restless
_NOISE_OVER_USUAL = 1.5  # what never rests seems noisier than it is; it is taken for this much at most
_MOST_DOUBT, _UNKNOWN_DOUBT = 10.0, 2.0  # times a track's usual expected error
_CALM_FRAMES = 2  # how far before and after a movement the weaker average begins


def smooth_track(
    frame_indices: Sequence[int], landmarks: npt.ArrayLike, spreads: npt.ArrayLike | None = None
) -> Array:
    """The landmarks (n, 68, 2) of one track, steadied. `frame_indices` (n,) ascend and may have gaps.

    `spreads` (n, 68) are the expected errors in pixels, where they are known: frames that are less sure of a
    region than the track mostly is count less in it, and differ from the others with less consequence.

    Centre, size and roll of the face and its shape in the unit square are replaced by local polynomials (local
    regression: Cleveland, JASA 74, 1979), over as many frames as possible as long as no wider average says
    something else than the narrower ones beyond the noise (Lepskii, Theory Probab. Appl. 35, 1990). So a still
    head rests, while a blink or a dart of the head is kept; nothing is ever late, as both sides count alike.
    """
    points = np.asarray(landmarks, float)
    frames = np.asarray(frame_indices, float)
    if len(points) < 3:
        return points.copy()
    unit_from_frame = units_from_frames(points)
    frame_from_unit = inverse(unit_from_frame)
    place, shapes = _place_numbers(frame_from_unit), transform_points(unit_from_frame, points)
    doubts = np.ones((len(points), 68)) if spreads is None else np.asarray(spreads, float)
    doubt = _relative(doubts)
    averages = [_weights(frames, reach, degree, doubt) for reach, degree in _AVERAGES]
    for columns in (slice(0, 2), slice(2, 4)):
        values = place[:, columns]
        noise = _noise(values)
        usual = float(np.sqrt(np.mean(noise**2)))
        place[:, columns] = _steadied(
            values, averages, telling=np.eye(2), noise=noise, usual=usual, doubt=doubt
        )
    usual = float(np.median(_noise(shapes.reshape(len(points), -1))))
    for region, movements in _REGIONS:
        values = shapes[:, list(region)].reshape(len(points), -1)
        telling = _telling(region, movements)
        noise = np.minimum(_noise(values @ telling), _NOISE_OVER_USUAL * usual)
        sure = _SURE_OF_LIDS if 36 in region else _SURE
        doubt = _relative(doubts[:, list(region)])
        averages = [_weights(frames, reach, degree, doubt) for reach, degree in _AVERAGES]
        steady = _steadied(values, averages, telling=telling, noise=noise, usual=usual, sure=sure, doubt=doubt)
        shapes[:, list(region)] = steady.reshape(len(points), -1, 2)
    return transform_points(_place_matrices(place), shapes)


def _telling(region: range, movements: Sequence[tuple[Sequence[int], Sequence[int], int]]) -> Array:
    """(2 points, movements): takes a region's coordinates to its movements, with one coordinate's noise."""
    out = np.zeros((len(region), 2, len(movements)))
    for column, (plus, minus, axis) in enumerate(movements):
        out[[point - region.start for point in plus], axis, column] = 1 / len(plus)
        out[[point - region.start for point in minus], axis, column] = -1 / max(1, len(minus))
    flat = out.reshape(2 * len(region), -1)
    return flat / np.linalg.norm(flat, axis=0)


def _place_numbers(frame_from_unit: Array) -> Array:
    """(n, 4): centre of the unit square in the frame, logarithm of its side, angle without leaps."""
    right = frame_from_unit[:, :, 0]
    centre = frame_from_unit @ np.array([0.5, 0.5, 1.0])
    side, angle = np.log(np.linalg.norm(right, axis=1)), np.unwrap(np.arctan2(right[:, 1], right[:, 0]))
    return np.column_stack([centre, side, angle])


def _place_matrices(place: Array) -> Array:
    """Inverse of `_place_numbers`."""
    cos, sin = np.exp(place[:, 2]) * np.cos(place[:, 3]), np.exp(place[:, 2]) * np.sin(place[:, 3])
    linear = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], axis=1)
    shift = place[:, :2] - linear @ np.array([0.5, 0.5])
    return np.concatenate([linear, shift[..., None]], axis=2)


def _noise(values: Array) -> Array:
    """Standard deviation (d,) of the noise in signals (n, d) whose own movement is smooth or rare.

    From third differences, in which noise grows by sqrt(20); their median doesn't see a blink's few frames.
    """
    if len(values) < 5:
        return np.zeros(values.shape[1])
    return np.median(np.abs(np.diff(values, 3, axis=0)), axis=0) / (0.6745 * np.sqrt(20))


def _relative(spreads: Array) -> Array:
    """How much less sure of a region (n, points) each frame is than the track mostly, (n,), 1 to 10."""
    of_frame = np.sqrt(np.square(spreads).mean(1))
    known = np.isfinite(of_frame)
    if not known.any():
        return np.ones(len(spreads))
    usual = max(float(np.median(of_frame[known])), 1e-9)
    return np.clip(np.where(known, of_frame, _UNKNOWN_DOUBT * usual) / usual, 1.0, _MOST_DOUBT)


def _weights(frames: Array, reach: float, degree: int, doubt: Array) -> Array:
    """(n, 2 k + 1): how much the k frames before, the frame itself and the k behind count for its average."""
    around = int(reach)
    place = np.arange(len(frames))[:, None] + np.arange(-around, around + 1)
    inside = (place >= 0) & (place < len(frames))
    away = (frames[np.clip(place, 0, len(frames) - 1)] - frames[:, None]) / (reach + 1)
    tricube = np.where(inside & (np.abs(away) < 1), (1 - np.minimum(np.abs(away), 1) ** 3) ** 3, 0.0)
    tricube = tricube / np.square(doubt[np.clip(place, 0, len(frames) - 1)])
    powers = away[..., None] ** np.arange(degree + 1)
    moments = np.einsum("nk,nki,nkj->nij", tricube, powers, powers)
    moments += np.diag([0.0] + [1e-9] * degree)  # too few neighbours for a parabola make do with less
    row = np.linalg.solve(moments, np.broadcast_to(np.eye(degree + 1)[:, :1], (len(frames), degree + 1, 1)))
    return tricube * (powers @ row)[..., 0]


def _averaged(values: Array, weights: Array) -> Array:
    around = weights.shape[1] // 2
    out = np.zeros_like(values)
    for column, offset in enumerate(range(-around, around + 1)):
        first, last = max(0, -offset), min(len(values), len(values) - offset)
        if first < last:
            out[first:last] += weights[first:last, column, None] * values[first + offset : last + offset]
    return out


def _steadied(
    values: Array,
    averages: Sequence[Array],
    *,
    telling: Array,
    noise: Array,
    usual: float,
    doubt: Array,
    sure: float = _SURE,
) -> Array:
    """Signals (n, d) that move together, each frame averaged as widely as its `telling` (d, m) movements allow.

    `noise` (m,) is that of the movements, `usual` that of any coordinate, both times `doubt` (n,) in a frame.
    """
    estimates = [values, *(_averaged(values, weights) for weights in averages)]
    own = np.zeros_like(averages[0])
    own[:, own.shape[1] // 2] = 1
    weights = [own, *averages]
    level, true_so_far = np.zeros(len(values)), np.ones(len(values), bool)
    for wide in range(1, len(estimates)):
        for narrow in sorted({0, wide - 1}):
            apart = estimates[wide] - estimates[narrow]
            between = _variance_between(weights[wide], weights[narrow]) * np.square(doubt)
            variance = np.maximum(between, 1e-16)[:, None]
            moved = _over_three(np.square(apart @ telling) / np.maximum(variance * np.square(noise), 1e-16))
            whole = np.square(apart).mean(1, keepdims=True) / np.maximum(variance * usual**2, 1e-16)
            true_so_far &= (moved <= _limits(moved, _POOLED, sure)).all(1)
            true_so_far &= (whole <= _limits(whole, values.shape[1], _SURE)).all(1)
        level = np.where(true_so_far, wide, level)
    return _blended(estimates, _calmed(level))


def _over_three(values: Array) -> Array:
    """Each value averaged with those beside it: a movement of one frame alone is noise."""
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def _variance_between(wide: Array, narrow: Array) -> Array:
    """Variance of the difference of two averages of noise of variance 1, (n,)."""
    more = (wide.shape[1] - narrow.shape[1]) // 2
    return np.square(wide - np.pad(narrow, ((0, 0), (more, more)))).sum(1)


def _limits(ratio: Array, freedom: int, sure: float) -> Array:
    """Up to which ratio a difference may be noise, for each column of (n, m).

    A quantile of chi-squared over its mean (Wilson and Hilferty, PNAS 17, 1931), or more where most of the
    track differs: then its noise isn't independent from frame to frame.
    """
    rest = 2 / (9 * freedom)
    least = (1 - rest + sure * np.sqrt(rest)) ** 3
    middle = np.median(ratio, axis=0)
    spread = 1.4826 * np.median(np.abs(ratio - middle), axis=0)
    return np.clip(middle + _USUAL_SPREADS * spread, least, _MOST_OVER_SURE * least)


def _calmed(level: Array) -> Array:
    """No frame above its own level, and no leap from one average to another."""
    size = 2 * _CALM_FRAMES + 1
    padded = np.pad(level, 2 * _CALM_FRAMES, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, size).min(1)
    return np.lib.stride_tricks.sliding_window_view(lowest, size).mean(1)


def _blended(estimates: Sequence[Array], level: Array) -> Array:
    below = np.minimum(level.astype(int), len(estimates) - 2)
    share = (level - below)[:, None]
    out = np.empty_like(estimates[0])
    for place in range(len(estimates) - 1):
        here = below == place
        out[here] = (1 - share[here]) * estimates[place][here] + share[here] * estimates[place + 1][here]
    return out
