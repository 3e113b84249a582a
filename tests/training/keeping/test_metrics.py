"""Metrics survive kills and tell one history."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.errors import DiskFull
from understudy.training.keeping.metrics import MetricsLog, read_metrics


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsLog(path, iteration=0) as log:
        log.append(10, loss=1.5)
        log.append(20, loss=1.25)
    assert list(read_metrics(path)) == [{"iteration": 10, "loss": 1.5}, {"iteration": 20, "loss": 1.25}]


@pytest.mark.parametrize(
    "torn", [b'{"iteration": 3', b"\x00\xff\n", b"[1]\n", b'{"loss": 1}\n', b'{"iteration": 3}']
)
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsLog(path, iteration=0) as log:
        log.append(2, loss=1)
    path.write_bytes(path.read_bytes() + torn)
    assert [m["iteration"] for m in read_metrics(path)] == [2]
    with MetricsLog(path, iteration=2) as log:
        log.append(4, loss=1)
    assert [m["iteration"] for m in read_metrics(path)] == [2, 4]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_told_in_words_and_the_file_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    log = MetricsLog(path, iteration=0)
    assert log._file is not None
    os.dup2(os.open("/dev/full", os.O_WRONLY), log._file.fileno())
    with pytest.raises(DiskFull):
        log.append(1, loss=1.0)
    log.close()  # what was refused is not tried again


def test_lines_after_the_checkpoint_that_training_goes_on_from_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsLog(path, iteration=0) as log:
        for iteration in range(1, 6):
            log.append(iteration, loss=iteration)
    with MetricsLog(path, iteration=3) as log:
        log.append(4, loss=44)
    assert [(m["iteration"], m["loss"]) for m in read_metrics(path)] == [(1, 1), (2, 2), (3, 3), (4, 44)]
