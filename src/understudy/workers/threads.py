"""How many threads libraries start by themselves, where their callers have one for every core already.

Threads that torch and OpenCV start wait for work by spinning, and take the cores from those that have
some: in a merge on two cores this cost a third of the processor's time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import cv2
import torch


@contextlib.contextmanager
def libraries_single_threaded() -> Iterator[None]:
    """Torch in the calling thread, and OpenCV everywhere, work in their caller's thread alone meanwhile."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def torch_single_threaded() -> None:
    """The same for torch in one more thread, from now on: the number is each thread's own."""
    torch.set_num_threads(1)
