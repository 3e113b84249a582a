"""The doctor tries things for real, and its report holds nothing private."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from understudy.jobs.doctor import examine, report


def test_every_codec_weight_and_device_is_tried_and_works_here(tmp_path: Path) -> None:
    findings = list(examine(tmp_path))
    assert {f.topic for f in findings} == {"software", "machine", "devices", "codecs", "weights", "marks"}
    assert [f.name for f in findings if f.state == "missing"] == []
    assert {"cpu", "h264", "mtcnn"} <= {f.name for f in findings}


def test_the_report_names_versions_and_no_paths_of_the_user(tmp_path: Path) -> None:
    project = tmp_path / "secret project 影"
    project.mkdir()
    path = tmp_path / "report.zip"
    report(list(examine(project)), path)
    with zipfile.ZipFile(path) as bundle:
        assert sorted(bundle.namelist()) == ["findings.json", "versions.json"]
        said = "".join(bundle.read(name).decode() for name in bundle.namelist())
        assert "torch" in json.loads(bundle.read("versions.json"))
    assert "secret" not in said and str(tmp_path) not in said and str(Path.home()) not in said
