"""Libraries start no threads of their own where their callers fill the cores, and may again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest
import torch

from understudy.workers.threads import libraries_single_threaded, torch_single_threaded


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(3)
    cv2.setNumThreads(3)
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_libraries_work_in_their_callers_thread_and_afterwards_as_before(three_threads: None) -> None:
    with pytest.raises(KeyError), libraries_single_threaded():
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
        raise KeyError
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3)


def test_a_further_thread_is_told_by_itself_and_no_other_is(three_threads: None) -> None:
    with ThreadPoolExecutor(1, initializer=torch_single_threaded) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1
    assert torch.get_num_threads() == 3
