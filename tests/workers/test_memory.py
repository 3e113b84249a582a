"""A container's memory counts, where it has less than the computer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.workers import memory
from understudy.workers.memory import free_memory

GB = 1 << 30


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * GB))


def group(folder: Path, most: object, taken: int, idle: int, *, old: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("memory.limit_in_bytes" if old else "memory.max")).write_text(f"{most}\n")
    (folder / ("memory.usage_in_bytes" if old else "memory.current")).write_text(f"{taken}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{'total_' * old}inactive_file {idle}\n")


def inside(system: Path, *lines: str) -> None:
    (system / "proc/self").mkdir(parents=True)
    (system / "proc/self/cgroup").write_text("".join(f"{line}\n" for line in lines))


def test_without_groups_it_is_the_computers(tmp_path: Path) -> None:
    assert free_memory(tmp_path) == 64 * GB
    inside(tmp_path, "0::/")
    assert free_memory(tmp_path) == 64 * GB


def test_what_a_container_has_left_counts_and_its_cache_of_files_is_free(tmp_path: Path) -> None:
    inside(tmp_path, "0::/")
    group(tmp_path / "sys/fs/cgroup", 8 * GB, 5 * GB, 2 * GB)
    assert free_memory(tmp_path) == 5 * GB


def test_of_groups_in_groups_the_tightest_counts(tmp_path: Path) -> None:
    inside(tmp_path, "0::/slurm/job_7/step_0")
    group(tmp_path / "sys/fs/cgroup/slurm/job_7/step_0", "max", GB, 0)
    group(tmp_path / "sys/fs/cgroup/slurm/job_7", 4 * GB, 3 * GB, 0)
    group(tmp_path / "sys/fs/cgroup/slurm", 400 * GB, 3 * GB, 0)
    assert free_memory(tmp_path) == GB


def test_older_systems_and_a_place_that_only_the_computer_knows_are_understood(tmp_path: Path) -> None:
    inside(tmp_path, "7:cpu,cpuacct:/docker/ab", "4:memory:/docker/ab", "0::/docker/ab")
    group(tmp_path / "sys/fs/cgroup/memory", 3 * GB, GB, 0, old=True)
    assert free_memory(tmp_path) == 2 * GB
    group(tmp_path / "sys/fs/cgroup/memory", 9223372036854771712, GB, 0, old=True)
    assert free_memory(tmp_path) == 64 * GB


def test_a_group_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    inside(tmp_path, "0::/")
    group(tmp_path / "sys/fs/cgroup", GB, 2 * GB, 0)
    assert free_memory(tmp_path) == 0
