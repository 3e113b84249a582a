"""The colours of some faces given to others: the field's five ways, for whole batches at once.

Statistics come from pixels inside the masks alone; what they give is applied to the whole picture. Random
numbers come from a CPU generator. Not here: what a merge measures and steadies over time
(`merging.coloring`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from understudy.grading.blur import blurred
from understudy.grading.colors import lab_from_rgb, rgb_from_lab
from understudy.grading.linear import linear_maps

_FEWEST_PIXELS = 16
_LEAST_SPREAD = 0.5  # of Lab: a flat face must not have its noise blown up
_BINS = 256
_IDT_STEPS = 20
_SOT_STEPS, _SOT_DIRECTIONS = 10, 5
_SOT_REACH_SHARE = 1 / 16  # sigma over which the change is smoothed, of the picture's side


@dataclass(frozen=True, eq=False)
class Colors:
    """The pixels of a batch: values (B, 3, P) and which of them count, (B, P), 0 or 1."""

    values_B3P: Tensor
    inside_BP: Tensor

    @classmethod
    def of(cls, faces_BCHW: Tensor, masks_B1HW: Tensor) -> Colors:
        """The pixels of faces; those inside the mask count."""
        return cls(faces_BCHW.flatten(2), (masks_B1HW[:, 0] > 0.5).flatten(1).to(faces_BCHW.dtype))

    def with_values(self, values_B3P: Tensor) -> Colors:
        """The same pixels in other colours."""
        return Colors(values_B3P, self.inside_BP)

    def mean(self) -> Tensor:
        """The mean colour inside, (B, 3)."""
        count = self.inside_BP.sum(1, keepdim=True).clamp(min=1)
        return (self.values_B3P * self.inside_BP[:, None]).sum(2) / count

    def covariance(self) -> Tensor:
        """The covariance of the colours inside, (B, 3, 3)."""
        away = (self.values_B3P - self.mean()[..., None]) * self.inside_BP[:, None]
        return away @ away.mT / self.inside_BP.sum(1).clamp(min=1).view(-1, 1, 1)


Transfer = Callable[[Colors, Colors, Generator], Tensor]


def recolored(
    faces_BCHW: Tensor,
    masks_B1HW: Tensor,
    like_BCHW: Tensor,
    like_masks_B1HW: Tensor,
    *,
    mode: str,
    generator: Generator,
) -> Tensor:
    """Faces with the colours of others, RGB 0..1; `mode` is one of `TRANSFERS`.

    A face whose mask, or whose model's mask, holds hardly a pixel stays as it is.
    """
    faces, like = Colors.of(faces_BCHW, masks_B1HW), Colors.of(like_BCHW, like_masks_B1HW)
    changed = TRANSFERS[mode](faces, like, generator).view_as(faces_BCHW)
    if mode == "sot":
        reach = torch.full((len(faces_BCHW),), faces_BCHW.shape[-1] * _SOT_REACH_SHARE)
        changed = faces_BCHW + blurred(changed - faces_BCHW, reach)
    enough = torch.minimum(faces.inside_BP.sum(1), like.inside_BP.sum(1)) >= _FEWEST_PIXELS
    return torch.where(enough.view(-1, 1, 1, 1), changed.clamp(0, 1), faces_BCHW)


def _rct(faces: Colors, like: Colors, generator: Generator) -> Tensor:
    """Mean and spread in Lab: Reinhard et al., "Color transfer between images", IEEE CG&A 21(5), 2001."""
    ours, theirs = (c.with_values(lab_from_rgb(c.values_B3P)) for c in (faces, like))
    spread, wanted = (
        c.covariance().diagonal(dim1=1, dim2=2).sqrt().clamp(min=_LEAST_SPREAD) for c in (ours, theirs)
    )
    away = ours.values_B3P - ours.mean()[..., None]
    lab = away * (wanted / spread)[..., None] + theirs.mean()[..., None]
    low, high = (
        torch.tensor(v, dtype=lab.dtype, device=lab.device) for v in ((0, -127, -127), (100, 127, 127))
    )
    return rgb_from_lab(torch.maximum(torch.minimum(lab, high[:, None]), low[:, None]))


def _lct(faces: Colors, like: Colors, generator: Generator) -> Tensor:
    """Linear transfer by principal axes."""
    return _linear(faces, like, "lct")


def _mkl(faces: Colors, like: Colors, generator: Generator) -> Tensor:
    """The linear Monge-Kantorovitch transfer."""
    return _linear(faces, like, "mkl")


def _linear(faces: Colors, like: Colors, mode: str) -> Tensor:
    ours, theirs = (c.covariance().cpu().double().numpy() for c in (faces, like))
    matrix = torch.from_numpy(linear_maps(mode, ours, theirs)).to(faces.values_B3P)
    return matrix @ (faces.values_B3P - faces.mean()[..., None]) + like.mean()[..., None]


def _idt(faces: Colors, like: Colors, generator: Generator) -> Tensor:
    """Histograms matched along turned axes, a little at each turn: Pitié, Kokaram and Dahyot, "N-dimensional
    probability density function transfer and its application to colour transfer", ICCV 2005."""
    values = faces.values_B3P
    for _ in range(_IDT_STEPS):
        axes = torch.linalg.qr(torch.randn(len(values), 3, 3, generator=generator)).Q.to(values)
        values = values + axes.mT @ _moves(axes, faces.with_values(values), like) / _IDT_STEPS
    return values


def _sot(faces: Colors, like: Colors, generator: Generator) -> Tensor:
    """Colours moved along random directions: Rabin et al., "Wasserstein barycenter and its application to
    texture mixing", SSVM 2011."""
    values = faces.values_B3P
    for _ in range(_SOT_STEPS):
        drawn = torch.randn(len(values), _SOT_DIRECTIONS, 3, generator=generator)
        directions = (drawn / drawn.norm(dim=2, keepdim=True)).to(values)
        moves = _moves(directions, faces.with_values(values), like)
        values = values + directions.mT @ moves / _SOT_DIRECTIONS
    return values


def _moves(directions_BD3: Tensor, faces: Colors, like: Colors) -> Tensor:
    """How far each pixel has to go along each direction, (B, D, P)."""
    ours, theirs = directions_BD3 @ faces.values_B3P, directions_BD3 @ like.values_B3P
    return matched(ours, faces.inside_BP, theirs, like.inside_BP) - ours


def matched(values_BDP: Tensor, inside_BP: Tensor, like_BDP: Tensor, like_inside_BP: Tensor) -> Tensor:
    """Values with the distribution of others, by cumulated histograms of 256 bins."""
    shown = [inside_BP[:, None] > 0, like_inside_BP[:, None] > 0]
    far = torch.finfo(values_BDP.dtype).max / 4
    low, high = (
        torch.minimum(
            *(torch.where(s, sign * v, far).amin(2) for s, v in zip(shown, (values_BDP, like_BDP), strict=True))
        )
        * sign
        for sign in (1, -1)
    )
    width = (high - low).clamp(min=1e-6)[..., None] / _BINS
    ours, theirs = (
        _cumulated(v, i, low[..., None], width)
        for v, i in ((values_BDP, inside_BP), (like_BDP, like_inside_BP))
    )
    edges = low[..., None] + width * torch.arange(_BINS + 1, device=width.device)
    goals = _looked_up(ours, theirs, edges)
    place = ((values_BDP - low[..., None]) / width).clamp(0, _BINS - 1e-3)
    left = place.long()
    before, after = goals.gather(2, left), goals.gather(2, left + 1)
    return before + (after - before) * (place - left)


def _cumulated(values_BDP: Tensor, inside_BP: Tensor, low: Tensor, width: Tensor) -> Tensor:
    """Shares of the pixels inside below each bin's edge, (B, D, bins + 1)."""
    bins = ((values_BDP - low) / width).long().clamp(0, _BINS - 1)
    counts = torch.zeros(*bins.shape[:2], _BINS, dtype=values_BDP.dtype, device=values_BDP.device)
    counts.scatter_add_(2, bins, inside_BP[:, None].expand_as(bins))
    summed = torch.nn.functional.pad(counts.cumsum(2), (1, 0))
    return summed / summed[..., -1:].clamp(min=1)


def _looked_up(shares: Tensor, known_shares: Tensor, edges: Tensor) -> Tensor:
    """The values at which a rising course (known shares over edges) reaches `shares`, straight in between."""
    right = torch.searchsorted(known_shares.contiguous(), shares.contiguous()).clamp(1, _BINS)
    low, high = known_shares.gather(2, right - 1), known_shares.gather(2, right)
    way = ((shares - low) / (high - low).clamp(min=1e-9)).clamp(0, 1)
    start, end = edges.gather(2, right - 1), edges.gather(2, right)
    return start + (end - start) * way


TRANSFERS: Mapping[str, Transfer] = {"rct": _rct, "lct": _lct, "mkl": _mkl, "idt": _idt, "sot": _sot}
