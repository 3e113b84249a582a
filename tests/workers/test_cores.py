"""A container's share of the processor counts, where it has less than the computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.test_memory import inside
from understudy.files import write_text
from understudy.workers import cores as asked
from understudy.workers.cores import cores


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "allowed_cores", lambda: 64)


def test_without_groups_or_limits_they_are_the_computers(tmp_path: Path) -> None:
    assert cores(tmp_path) == 64
    inside(tmp_path, "0::/")
    write_text(tmp_path / "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert cores(tmp_path) == 64


@pytest.mark.parametrize(("said", "count"), [("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)])
def test_a_containers_share_of_time_is_in_whole_cores_and_never_none(
    tmp_path: Path, said: str, count: int
) -> None:
    inside(tmp_path, "0::/")
    write_text(tmp_path / "sys/fs/cgroup/cpu.max", said)
    assert cores(tmp_path) == count


def test_of_groups_in_groups_the_tightest_counts(tmp_path: Path) -> None:
    inside(tmp_path, "0::/slurm/job_7")
    write_text(tmp_path / "sys/fs/cgroup/slurm/job_7/cpu.max", "max 100000")
    write_text(tmp_path / "sys/fs/cgroup/slurm/cpu.max", "800000 100000")
    assert cores(tmp_path) == 8


@pytest.mark.parametrize(("quota", "count"), [("300000", 3), ("-1", 64)])
def test_older_systems_and_a_place_that_only_the_computer_knows_are_understood(
    tmp_path: Path, quota: str, count: int
) -> None:
    inside(tmp_path, "4:memory:/docker/ab", "7:cpu,cpuacct:/docker/ab")
    write_text(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota)
    write_text(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert cores(tmp_path) == count
