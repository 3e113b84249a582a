"""How many weights layers have, from their sizes alone: what the counts of whole parts are held against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from understudy.networks.face_model import FaceModel, parameter_count


def conv(width_in: int, width_out: int, kernel: int) -> int:
    """A convolution with its bias."""
    return width_in * width_out * kernel**2 + width_out


def dense(count_in: int, count_out: int) -> int:
    """A dense layer with its bias."""
    return (count_in + 1) * count_out


def chain(widths: Sequence[int], kernel: int) -> int:
    """Convolutions one after the other."""
    return sum(conv(a, b, kernel) for a, b in pairwise(widths))


def ups(widths: Sequence[int]) -> int:
    """Doublings: each convolves to four times its width."""
    return sum(conv(a, 4 * b, 3) for a, b in pairwise(widths))


def inter(features: int, code: int, side: int, width: int) -> int:
    """Two dense layers and a doubling that keeps the width."""
    return dense(features, code) + dense(code, width * side**2) + ups((width, width))


def residuals(widths: Iterable[int], *, each: int) -> int:
    """So many blocks of two 3 x 3 convolutions at every width."""
    return sum(2 * each * conv(width, width, 3) for width in widths)


def counts(model: FaceModel) -> dict[str, int]:
    """Parameters of each part."""
    return {name: parameter_count(part) for name, part in model.parts().items()}
