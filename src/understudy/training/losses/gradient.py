"""Whether edges run alike: the difference of the pictures' gradients."""

from __future__ import annotations

from torch import Tensor


def gradient_difference(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels' steps, along rows and along columns; 0 and up.

    After Mathieu, Couprie and LeCun, "Deep multi-scale video prediction beyond mean square error", ICLR 2016,
    but with the steps' signs, so that a reversed edge is no match.
    """
    away = a_BCHW - b_BCHW
    return away.diff(dim=-1).abs().mean() + away.diff(dim=-2).abs().mean()
