"""Devices are chosen by name, and a wrong name says what there is."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch

from understudy.errors import DeviceUnavailable
from understudy.training.machine import device
from understudy.training.machine.device import (
    _processor,
    choose_device,
    choose_devices,
    describe_devices,
    free_memory_bytes,
)


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu").device == torch.device("cpu")
    assert [name for name, _ in describe_devices()][-1] == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "quantum", ""])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(DeviceUnavailable, match="cpu"):
        choose_device(name)


def test_auto_takes_an_accelerator_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert choose_device("auto").device.type == "cpu"


@pytest.mark.parametrize("instructions", [True, False])
@pytest.mark.parametrize(("gain", "wins"), [(2.0, True), (1.1, False), (0.5, False)])
def test_bfloat16_is_used_only_where_the_processor_multiplies_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, instructions: bool, gain: float, wins: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    monkeypatch.setattr(device, "_measured_gain", lambda: gain)
    compute = choose_device("cpu")
    assert compute.uses_bfloat16 is (instructions and wins)
    with compute.autocast():
        product = torch.ones(4, 4) @ torch.ones(4, 4)
    assert product.dtype == (torch.bfloat16 if compute.uses_bfloat16 else torch.float32)


@pytest.mark.parametrize("gain", [2.0, 0.5])
def test_how_fast_a_processor_multiplies_is_told_by_its_best_time_with_one_thread(
    monkeypatch: pytest.MonkeyPatch, gain: float
) -> None:
    """Every second product is held up by another program."""
    held_up, threads, asked = itertools.cycle([1.0, 0.0]), torch.get_num_threads(), set()

    def seconds(square: torch.Tensor) -> float:
        asked.add(torch.get_num_threads())
        return next(held_up) + (gain if square.dtype == torch.float32 else 1.0)

    monkeypatch.setattr(device, "_seconds", seconds)
    assert device._measured_gain.__wrapped__() == gain
    assert asked == {1} and torch.get_num_threads() == threads


def test_several_devices_are_named_with_commas_and_each_counts_once() -> None:
    assert choose_devices("cpu") == ["cpu"]
    assert choose_devices("cpu, cpu") == ["cpu"]
    with pytest.raises(DeviceUnavailable, match="cuda:99"):
        choose_devices("cpu,cuda:99")


def test_where_one_device_is_asked_for_several_are_refused_as_that() -> None:
    with pytest.raises(DeviceUnavailable, match="one device, and 'cpu,cuda:1' names several"):
        choose_device("cpu,cuda:1")


def test_a_kind_of_accelerator_means_all_of_that_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 3)
    monkeypatch.setattr("understudy.training.machine.device.has_bfloat16", lambda _: False)
    monkeypatch.setattr("understudy.training.machine.device._title", lambda kind, index: kind)
    assert choose_devices("cuda") == ["cuda:0", "cuda:1", "cuda:2"]
    assert choose_devices("cuda:2,cuda:0") == ["cuda:2", "cuda:0"]


def accelerators(monkeypatch: pytest.MonkeyPatch, kind: str, free_bytes: list[int]) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: len(free_bytes))
    tells = SimpleNamespace(mem_get_info=lambda device: (free_bytes[device.index or 0], 10**12))
    monkeypatch.setattr(torch, "get_device_module", lambda _: tells)
    monkeypatch.setattr("understudy.training.machine.device.has_bfloat16", lambda _: False)
    monkeypatch.setattr("understudy.training.machine.device._title", lambda kind, index: kind)


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_auto_takes_the_accelerator_with_most_free_memory(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    accelerators(monkeypatch, kind, [5, 9, 7])
    assert choose_device("auto").device == torch.device(kind, 1)
    assert choose_device(f"{kind}:2").device == torch.device(kind, 2)
    with pytest.raises(DeviceUnavailable, match=f"{kind}:0"):
        choose_device(f"{kind}:3")


def silent(_device: torch.device) -> tuple[int, int]:
    raise RuntimeError("doesn't support querying the available free memory")


@pytest.mark.parametrize("module", [SimpleNamespace(), SimpleNamespace(mem_get_info=silent)])
def test_a_device_that_does_not_tell_its_free_memory_has_the_computers(
    monkeypatch: pytest.MonkeyPatch, module: SimpleNamespace
) -> None:
    monkeypatch.setattr(torch, "get_device_module", lambda _: module)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=77))
    assert free_memory_bytes(torch.device("xpu", 0)) == 77


def test_apples_device_has_no_number_and_the_cpu_can_be_had_beside_any(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerators(monkeypatch, "mps", [5])
    assert choose_device("auto").device == choose_device("mps").device == torch.device("mps")
    assert choose_device("cpu").device == torch.device("cpu")
    with pytest.raises(DeviceUnavailable, match="mps"):
        choose_device("cuda")


def test_the_processor_is_named_where_the_system_tells_it(tmp_path, monkeypatch):
    facts = tmp_path / "cpuinfo"
    facts.write_text("processor\t: 0\nmodel name\t: Fast One 9000\n")
    assert _processor(facts) == "Fast One 9000"
    assert _processor(tmp_path / "nowhere")
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert ", 1 thread, " in dict(describe_devices())["cpu"]
