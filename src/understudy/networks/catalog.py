"""Every architecture there is, by name. One entry a line; what each is stands in its own file."""

from __future__ import annotations

from collections.abc import Callable

import torch

from understudy.errors import ModelUnknown
from understudy.networks.face_model import FaceModel
from understudy.networks.liae import liaef128
from understudy.networks.quick import quick
from understudy.networks.two_decoders import df, h64

ARCHITECTURES: dict[str, Callable[[], FaceModel]] = {
    "quick": quick,
    "h64": h64,
    "df": df,
    "liaef128": liaef128,
}


def build(name: str, *, seed: int = 0, device: torch.device | str = "cpu") -> FaceModel:
    """A new network with weights drawn from `seed`, alike on every device. Raises ModelUnknown."""
    try:
        architecture = ARCHITECTURES[name]
    except KeyError:
        raise ModelUnknown(
            f"There is no architecture {name!r}. Take one of {', '.join(ARCHITECTURES)}."
        ) from None
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.manual_seed(seed)
        model = architecture()
    return model.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
