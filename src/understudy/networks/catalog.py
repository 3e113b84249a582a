"""Every architecture a model can have, one entry a line; each lies in `architectures/`, with its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from understudy.errors import ModelUnknown
from understudy.networks.architectures.amp import AmpOptions, amp
from understudy.networks.architectures.avatar import AvatarOptions, avatar
from understudy.networks.architectures.custom.build import custom
from understudy.networks.architectures.custom.options import CustomOptions
from understudy.networks.architectures.liae import Liaef128Options, liaef128
from understudy.networks.architectures.miae import Miaef128Options, miaef128
from understudy.networks.architectures.quick import QuickOptions, quick
from understudy.networks.architectures.recyclegan import RecycleGanOptions, recyclegan
from understudy.networks.architectures.sae import SaeOptions, sae
from understudy.networks.architectures.saehd import SaehdOptions, saehd
from understudy.networks.architectures.two_decoders import (
    DfOptions,
    H64Options,
    H128Options,
    df,
    h64,
    h128,
)
from understudy.networks.architectures.ufm import UfmOptions, ufm
from understudy.networks.face_model import FaceModel
from understudy.networks.options import NetworkOptions
from understudy.options import meant, parse_options


@dataclass(frozen=True)
class Architecture:
    """How to build a network, and where it comes from.

    `build` takes an instance of `options`, whose defaults are the published sizes.
    """

    build: Callable[[Any], FaceModel]
    options: type[NetworkOptions]
    source: str  # the paper or program


ARCHITECTURES: dict[str, Architecture] = {
    "quick": Architecture(quick, QuickOptions, "understudy, 2026"),
    "h64": Architecture(h64, H64Options, "DeepFaceLab, 2018"),
    "h128": Architecture(h128, H128Options, "DeepFaceLab, 2018"),
    "df": Architecture(df, DfOptions, "DeepFaceLab, 2018"),
    "liaef128": Architecture(liaef128, Liaef128Options, "DeepFaceLab, 2018"),
    "miaef128": Architecture(miaef128, Miaef128Options, "DeepFaceLab, 2018"),
    "sae": Architecture(sae, SaeOptions, "DeepFaceLab, 2019"),
    "saehd": Architecture(saehd, SaehdOptions, "DeepFaceLab 2.0, 2021"),
    "amp": Architecture(amp, AmpOptions, "DeepFaceLab, 2021"),
    "custom": Architecture(custom, CustomOptions, "faceswap (Phaze-A), 2021"),
    "avatar": Architecture(avatar, AvatarOptions, "DeepFaceLab, 2019"),
    "ufm": Architecture(ufm, UfmOptions, "DeepFaceLab, January 2019"),
    "recyclegan": Architecture(recyclegan, RecycleGanOptions, "Bansal et al., ECCV 2018; DeepFaceLab, 2018"),
}


def architecture_named(name: str) -> Architecture:
    """The architecture of that name. Raises ModelUnknown."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise ModelUnknown(
            f"There is no architecture {name!r}. Take one of {', '.join(ARCHITECTURES)}."
            f"{meant(name, ARCHITECTURES)}"
        ) from None


def build(
    name: str,
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> FaceModel:
    """A new network with weights drawn from `seed`, alike on every device.

    `settings` are those options of the architecture that differ from their defaults. Raises ModelUnknown,
    OptionInvalid.
    """
    architecture = architecture_named(name)
    options = parse_options(architecture.options, settings or {})
    if torch.device(device).type == "meta":  # only looked at: sizes, parts
        with torch.device("meta"):
            return architecture.build(options)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.manual_seed(seed)
        model = architecture.build(options)
    return model.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
