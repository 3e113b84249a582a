"""What a code tells of an expression: how far eyes and mouth are open, read off it along fixed directions.

What is small in the picture and rare, such as a blink, is learnt last of all from pixels, by a network whose
code has to tell it wherever the face lies. Where the code is asked for it by itself, swaps begin to blink
within hundreds of iterations (docs/log.md, 2026-11-27, "Blinks").
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

_OPENINGS = 2  # eyes, mouth


def flat_code(code: object) -> Tensor:
    """All numbers of a code, of one map or several, (B, n) in float32."""
    if isinstance(code, Tensor):
        return code.float().flatten(1)
    assert isinstance(code, tuple)
    return torch.cat([flat_code(part) for part in code], 1)


def directions(count: int, *, seed: int) -> Tensor:
    """Fixed random directions (count, 2) of length about 1 among codes of `count` numbers."""
    return torch.randn(count, _OPENINGS, generator=Generator().manual_seed(seed)) / count**0.5


def expression_distance(code_BN: Tensor, openings_B2: Tensor, directions_N2: Tensor) -> Tensor:
    """How far what codes tell is from what is so, the mean absolute difference."""
    return (code_BN @ directions_N2 - openings_B2).abs().mean()
