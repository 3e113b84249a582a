"""How many channels each level has, between the first and the last. All are multiples of 8."""

from __future__ import annotations

from understudy.networks.architectures.custom.choices import SlopeMode

_STEP = 8


def filter_curve(first: int, last: int, count: int, slope: float, mode: SlopeMode = "full") -> list[int]:
    """`count` widths from `first` to `last`.

    "full" bends one curve through all of them; a negative slope falls (or rises) sooner. The others multiply by
    1 - |slope| from `first` on: "cap_max" repeats `first` in front where levels are left, "cap_min" repeats
    `last` behind. Raises ValueError where |slope| is not below 1.
    """
    if abs(slope) >= 1:
        raise ValueError(f"a slope lies between -1 and 1, not at {slope}")
    if count == 1:
        return [floored(first)]
    if mode == "full":
        return [floored(first + _bent(k / (count - 1), slope) * (last - first)) for k in range(count)]
    steps = _falling(first, last, slope, count)
    missing = count - len(steps)
    if mode == "cap_max":
        return [floored(first)] * missing + steps[-count:]
    return steps[:count] + [floored(last)] * missing


def _bent(x: float, slope: float) -> float:
    return (x - x * slope) / (slope - 2 * slope * abs(x) + 1)


def _falling(first: int, last: int, slope: float, most: int) -> list[int]:
    """`first` and what remains of it again and again, down to `last`."""
    steps, width = [floored(first)], first
    while len(steps) < most:
        width = floored(width * (1 - abs(slope)))
        if width <= last:
            return [*steps, floored(last)]
        steps.append(width)
    return steps


def floored(width: float) -> int:
    """The next multiple of 8 below, at least 8."""
    return max(_STEP, int(width + 1e-6) // _STEP * _STEP)
