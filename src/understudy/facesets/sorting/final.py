"""The best N faces: every direction of the head in turn, sharp ones first, each unlike those already chosen.

What the field calls "final": bins over yaw, in them bins over pitch, quality and variety inside. Three things
are better here. Quotas are filled up exactly: what one yaw lacks, others give, until N are chosen or none is
left. Bins of pitch divide what there is and not half a circle. And a face is chosen for being far from those
already chosen of its bin, not for being far from all, which would choose only the odd ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy.facesets.sorting.told import Told, nobody, part_of

Array = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

_WIDEST_YAW_DEG = 68.75  # 1.2 radians; further turned heads join the outermost bins
_MOST_BINS = 128
_FACES_A_BIN = 4  # of the target; a smaller target has wider bins
_POOL = 10  # the best so many times the quota are looked at


def choose(
    yaw_deg: Array,
    pitch_deg: Array,
    quality: Array,
    looks: Float32,
    *,
    target: int,
    told: Told = nobody,
) -> Places:
    """Places of up to `target` faces, from the one furthest to the image's left to the right.

    `quality` (n,): higher is better; NaN comes last. `looks` (n, d): Euclidean distances say how unlike two
    faces are.
    """
    if len(yaw_deg) <= target:
        return np.argsort(yaw_deg, kind="stable")
    bins = int(np.clip(round(target / _FACES_A_BIN), 1, _MOST_BINS))
    place = (yaw_deg + _WIDEST_YAW_DEG) / (2 * _WIDEST_YAW_DEG) * bins
    bin_of = np.clip(np.floor(np.nan_to_num(place, nan=bins / 2)), 0, bins - 1).astype(int)
    members = [np.flatnonzero(bin_of == number) for number in range(bins)]
    quotas = filled_quotas([len(some) for some in members], target)
    chosen, work, done = list[Places](), sum(quota**2 for quota in quotas) or 1, 0
    for some, quota in zip(members, quotas, strict=True):
        if quota:
            mine = part_of(told, done / work, (done + quota**2) / work)
            chosen.append(_best_of_bin(some, pitch_deg, quality, looks, quota, mine))
            done += quota**2
    return np.concatenate([some[np.argsort(yaw_deg[some], kind="stable")] for some in chosen])


def filled_quotas(counts: list[int], target: int) -> list[int]:
    """How many each bin gives: as equal as their counts allow, together min(target, all)."""
    quotas, left = [0] * len(counts), min(target, sum(counts))
    while left:
        open_bins = [number for number, count in enumerate(counts) if quotas[number] < count]
        share, more = divmod(left, len(open_bins))
        # What can't be divided goes to the fullest bins: they have most to choose from.
        fullest = sorted(open_bins, key=lambda number: (quotas[number] - counts[number], number))
        wanted = {number: share + (rank < more) for rank, number in enumerate(fullest)}
        for number, want in wanted.items():
            given = min(want, counts[number] - quotas[number])
            quotas[number] += given
            left -= given
    return quotas


def _best_of_bin(
    members: Places, pitch_deg: Array, quality: Array, looks: Float32, quota: int, told: Told
) -> Places:
    """`quota` of one yaw's faces: its pitches in turn, each giving the face least like those chosen."""
    if len(members) <= quota:
        return members
    best_first = np.argsort(-np.nan_to_num(quality[members], nan=-np.inf), kind="stable")
    pool = members[best_first[: _POOL * quota]]
    pitch = np.nan_to_num(pitch_deg[pool])
    span = max(float(np.ptp(pitch)), 1e-9)
    bin_of = np.minimum(((pitch - pitch.min()) / span * quota).astype(int), quota - 1)
    waiting = [np.flatnonzero(bin_of == number).tolist() for number in range(quota)]
    waiting = [some for some in waiting if some]
    look = looks[pool]
    away = np.full(len(pool), np.inf, np.float32)
    chosen: list[int] = []
    while len(chosen) < quota:
        told(len(chosen) / quota)
        for some in waiting:
            if len(chosen) == quota:
                break
            if some:
                # Without anything chosen yet all are infinitely far: the first, the best, is taken.
                taken = some.pop(int(np.argmax(away[some])))
                chosen.append(taken)
                away = np.minimum(away, np.sqrt(((look - look[taken]) ** 2).sum(1)))
    return pool[chosen]
