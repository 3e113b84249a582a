"""The picture of a search for a learning rate: the loss over the rate, and where the advice lies."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.training.steering.rate_search import RateSearch

_SIZE_PX = (960, 420)
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 64, 16, 34, 34
_GROUND, _INK, _GRID = (24, 26, 30), (225, 225, 225), (58, 62, 68)
_CURVE, _BEST, _ADVICE = (80, 200, 230), (255, 106, 90), (150, 220, 110)
_LINES = 5


def rate_plot(search: RateSearch) -> npt.NDArray[np.uint8]:
    """(420, 960, 3) RGB. The search has tried at least two rates."""
    image = Image.new("RGB", _SIZE_PX, _GROUND)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    width, height = _SIZE_PX
    low, high = min(search.losses), min(max(search.losses), 4 * min(search.losses))
    first, last = (math.log10(rate) for rate in (search.rates[0], search.rates[-1]))

    def x(rate: float) -> float:
        share = (math.log10(rate) - first) / max(1e-9, last - first)
        return _LEFT_PX + min(1.0, max(0.0, share)) * (width - _LEFT_PX - _RIGHT_PX)

    def y(loss: float) -> float:
        share = (min(loss, high) - low) / max(1e-9, high - low)
        return height - _BOTTOM_PX - share * (height - _TOP_PX - _BOTTOM_PX)

    for value in np.linspace(low, high, _LINES):
        pen.line((_LEFT_PX, y(value), width - _RIGHT_PX, y(value)), fill=_GRID)
        pen.text((_LEFT_PX - 6, y(value)), f"{value:.3g}", fill=_INK, font=font, anchor="rm")
    for power in range(math.ceil(first), math.floor(last) + 1):
        pen.line((x(10.0**power), _TOP_PX, x(10.0**power), height - _BOTTOM_PX), fill=_GRID)
        pen.text((x(10.0**power), height - 8), f"1e{power}", fill=_INK, font=font, anchor="ms")
    for rate, color in ((search.best, _BEST), (search.advice, _ADVICE)):
        pen.line((x(rate), _TOP_PX, x(rate), height - _BOTTOM_PX), fill=color, width=2)
    curve = [(x(rate), y(loss)) for rate, loss in zip(search.rates, search.losses, strict=True)]
    pen.line(curve, fill=_CURVE, width=2)
    place = float(_LEFT_PX)
    for words, color in (
        ("loss over learning rate", _CURVE),
        (f"{'no harm up to' if search.is_flat else 'lowest at'} {search.best:.2g}", _BEST),
        (f"advice ({search.options.rate_strength}) {search.advice:.2g}", _ADVICE),
    ):
        pen.text((place, 10), words, fill=color, font=font)
        place += font.getlength(words) + 20
    return np.asarray(image, np.uint8)
