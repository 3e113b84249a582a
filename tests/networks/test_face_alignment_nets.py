import importlib.metadata
import sys

import pytest

from tests.faces.nets import RedS3fd, SpotFan
from tests.networks.outside import write_package
from understudy.errors import PackageMissing
from understudy.networks.face_alignment_nets import fan_network, require_package, s3fd_network


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("understudy_outside")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(write_package(tmp_path)))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("understudy_outside")]:
        del sys.modules[name]


def test_the_networks_come_without_importing_the_package(package):
    assert isinstance(s3fd_network(), RedS3fd) and isinstance(fan_network(), SpotFan)
    assert "face_alignment" not in sys.modules


def test_without_the_package_the_command_is_said(monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    with pytest.raises(PackageMissing, match=r"pip install --no-deps face-alignment==1\.5\.0"):
        require_package()


def test_a_package_that_looks_otherwise_is_refused(package):
    (package / "face_alignment/models/fan.py").write_text("FAN = 3", encoding="utf-8")
    with pytest.raises(PackageMissing, match="not one this version knows"):
        fan_network()
    (package / "face_alignment/detection/sfd/net_s3fd.py").unlink()
    with pytest.raises(PackageMissing, match="not one this version knows"):
        s3fd_network()
