"""The demo, small: it must run on its own files and leave what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.errors import DeviceUnavailable
from understudy.events import Made, Notice, StageFinished
from understudy.jobs.demo import DemoRequest, demo
from understudy.media.opening import open_clip
from understudy.provenance.examine import examine


@pytest.mark.journey
def test_the_demo_leaves_a_shot_a_comparison_a_sheet_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    folder = tmp_path / "demo"
    request = DemoRequest(
        folder=folder, minutes=0.05, device="cpu", size_px=160, src_frames=24, dst_frames=8, processes=2
    )
    folder.mkdir()
    left = [folder / name for name in (".compare.3.4194999.unsigned.mp4", ".sheet.0.4194999.unsigned.png")]
    for half in left:  # no process has that number
        half.touch()
    events = list(demo(request))
    assert not any(half.exists() for half in left)
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len([text for text in notices if "result.mp4 go along" in text]) == 2
    for name in ("result.mp4", "compare.mp4", "sheet.png", "report.json"):
        assert (folder / name).is_file(), name
    assert {event.path.name for event in events if isinstance(event, Made)} >= {"compare.mp4", "sheet.png"}
    figures = [event for event in events if isinstance(event, StageFinished)][-1].summary
    shots = {"result", "untouched dst"}
    assert set(figures) == {*shots, "untouched dst, tinted", *(f"{name}, laid to fit" for name in shots)}
    assert figures["untouched dst"]["psnr_db"] < figures["untouched dst, tinted"]["psnr_db"]
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["inside_the_face"]["result"]["measured_frames"] == 8
    with open_clip(folder / "result.mp4") as result, open_clip(folder / "compare.mp4") as compared:
        assert result.info.has_audio and compared.info.frame_count == 8
        assert compared.info.width > 4 * 160 - 10
    for name in ("result.mp4", "compare.mp4", "sheet.png"):  # what shows the result is never taken for stripped
        assert examine(folder / name).state == "trusted", name


def test_a_device_that_is_not_here_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable):
        next(demo(DemoRequest(folder=tmp_path / "demo", device="cuda:77")))
    assert not (tmp_path / "demo").exists()
