"""The two curves of HDR video, PQ and HLG, and their way to scene-linear light with Rec.709 primaries and back.

ITU-R BT.2100-2, tables 4 and 5, with BT.2020's primaries. Light is 1 at the white of a lit page, at 203 cd/m2
in PQ and three quarters of the signal in HLG (BT.2408-7); highlights lie above 1, and colours outside Rec.709
below 0, so that both ways give the same numbers. HLG is taken back to the scene, without a display's
own curve (OOTF). Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_MOST_NITS, _WHITE_NITS = 10_000.0, 203.0
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_WHITE_SIGNAL = 0.75

# ITU-R BT.2087-0, annex 2: from BT.2020's primaries to BT.709's, both D65, and back.
_709_FROM_2020 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
_2020_FROM_709 = np.linalg.inv(_709_FROM_2020)


@dataclass(frozen=True)
class HdrCurve:
    """How a curve's signal 0..1 becomes light of its own primaries, and back."""

    light_of: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
    signal_of: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

    def to_light(self, signal_HWC: Float32) -> Float32:
        """Scene-linear, Rec.709 primaries, 1 at a page's white."""
        return np.asarray(self.light_of(signal_HWC.astype(np.float64)) @ _709_FROM_2020.T, np.float32)

    def from_light(self, light_HWC: Float32) -> Float32:
        """The inverse; what the curve can't hold becomes its least or most."""
        own = light_HWC.astype(np.float64) @ _2020_FROM_709.T
        return np.asarray(self.signal_of(own), np.float32)


def _light_of_pq(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    root = np.clip(signal, 0, 1) ** (1 / _PQ_M2)
    share = (np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)
    return share * (_PQ_MOST_NITS / _WHITE_NITS)


def _pq_of_light(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    root = np.clip(light * (_WHITE_NITS / _PQ_MOST_NITS), 0, 1) ** _PQ_M1
    return ((_PQ_C1 + _PQ_C2 * root) / (1 + _PQ_C3 * root)) ** _PQ_M2


def _scene_of_hlg(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    bright = (np.exp((signal - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright)


def _hlg_of_scene(scene: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    dark = np.sqrt(3 * np.maximum(scene, 0))
    bright = _HLG_A * np.log(np.maximum(12 * scene - _HLG_B, 1e-9)) + _HLG_C
    return np.clip(np.where(scene <= 1 / 12, dark, bright), 0, 1)


_HLG_WHITE = float(_scene_of_hlg(np.array(_HLG_WHITE_SIGNAL)))

HDR_CURVES = {
    "PQ": HdrCurve(_light_of_pq, _pq_of_light),
    "HLG": HdrCurve(
        lambda signal: _scene_of_hlg(np.clip(signal, 0, 1)) / _HLG_WHITE,
        lambda light: _hlg_of_scene(light * _HLG_WHITE),
    ),
}
