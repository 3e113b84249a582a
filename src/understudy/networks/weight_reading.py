"""Read weights from a file without running anything in it; TorchScript, a program, only when trusted."""

from __future__ import annotations

import warnings
from pathlib import Path
from pickle import UnpicklingError  # what torch refuses with; nothing is unpickled here
from typing import Any

import torch
from torch import Tensor, nn

from understudy.errors import UnsafeFile, WeightsUntrusted


def read_state_dict(path: Path, *, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """The tensors of a state dict by name. Raises UnsafeFile for a file that holds anything else."""
    try:
        loaded: Any = torch.load(path, map_location=device, weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UnsafeFile(
            "This weights file is damaged or holds more than weights; it was not used.", path
        ) from error
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise UnsafeFile("This weights file holds something other than named tensors; it was not used.", path)
    return {str(name).removeprefix("module."): value for name, value in loaded.items()}


def filled(network: nn.Module, path: Path, *, device: torch.device | str = "cpu") -> nn.Module:
    """`network` with the state dict at `path`, ready to look. Raises UnsafeFile when they don't fit."""
    try:
        network.load_state_dict(read_state_dict(path, device=device))
    except RuntimeError as error:
        raise UnsafeFile("These weights belong to another network; they were not used.", path) from error
    return network.to(device).eval()


def read_torchscript(path: Path, *, trust: bool, device: torch.device | str = "cpu") -> nn.Module:
    """The network in a TorchScript file. Raises WeightsUntrusted without `trust`, UnsafeFile."""
    if not trust:
        raise WeightsUntrusted(
            "These weights are TorchScript: a program that runs on this machine with your rights. If you trust "
            "where the file is from, say so with --trust.",
            path,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch.export can't read these files
            return torch.jit.load(str(path), map_location=torch.device(device)).eval()
    except (RuntimeError, ValueError) as error:
        raise UnsafeFile("This file is no whole TorchScript network; it was not used.", path) from error
