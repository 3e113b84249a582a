"""Which device a segmenter looks on."""

from __future__ import annotations

import contextlib

import torch

from understudy.masks.segmenter import AUTO


def device_named(name: str) -> torch.device:
    """The device of that name; of "auto" the accelerator where there is one."""
    if name != AUTO:
        return torch.device(name)
    found = None
    with contextlib.suppress(RuntimeError):  # a driver that is there and does not work
        if torch.accelerator.is_available():
            found = torch.accelerator.current_accelerator()
    return found or torch.device("cpu")
