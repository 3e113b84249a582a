"""Nothing in a file of weights is run unless the user trusts it."""

from __future__ import annotations

import pickle
import zipfile

import pytest
import torch
from torch import nn

from understudy.errors import UnsafeFile, WeightsUntrusted
from understudy.networks.weight_reading import filled, read_state_dict, read_torchscript


class Bomb:
    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('run')",))


def test_a_state_dict_fills_its_network(tmp_path):
    network = nn.Conv2d(3, 4, 3)
    torch.save({f"module.{name}": value for name, value in network.state_dict().items()}, tmp_path / "w.pth")
    other = filled(nn.Conv2d(3, 4, 3), tmp_path / "w.pth")
    assert torch.equal(other.weight, network.weight) and not other.training


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(nn.Conv2d(3, 4, 3).state_dict(), tmp_path / "w.pth")
    with pytest.raises(UnsafeFile, match="another network"):
        filled(nn.Conv2d(3, 5, 3), tmp_path / "w.pth")


@pytest.mark.parametrize("content", [Bomb(), {"a": Bomb()}, [torch.ones(1)], {"a": 3}])
def test_a_file_with_more_than_weights_is_refused_and_not_run(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(UnsafeFile):
        read_state_dict(tmp_path / "w.pth")


@pytest.mark.parametrize("data", [b"", b"no weights", pickle.dumps(Bomb(), 2)])
def test_a_damaged_file_is_refused(tmp_path, data):
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(UnsafeFile):
        read_state_dict(tmp_path / "w.pth")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_runs_only_when_trusted(tmp_path):
    path = tmp_path / "net.zip"
    torch.jit.save(torch.jit.trace(nn.Conv2d(3, 4, 3), torch.ones(1, 3, 8, 8)), str(path))
    with pytest.raises(WeightsUntrusted, match="--trust"):
        read_torchscript(path, trust=False)
    assert read_torchscript(path, trust=True)(torch.ones(1, 3, 8, 8)).shape == (1, 4, 6, 6)


def test_a_file_that_is_no_torchscript_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as made:
        made.writestr("a", "b")
    with pytest.raises(UnsafeFile, match="TorchScript"):
        read_torchscript(tmp_path / "net.zip", trust=True)
