"""What is known about a clip comes with what its marks say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.made import make_movie
from tests.provenance.material import facts_for
from understudy.errors import ClipMissing
from understudy.jobs.clips.info import clip_info
from understudy.provenance.sign import sign_file


def test_the_marks_are_told_with_the_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    make_movie(tmp_path / "v.mp4", 3)
    assert clip_info(tmp_path / "v.mp4")["marks"] == "none"
    sign_file(tmp_path / "v.mp4", tmp_path / "signed.mp4", facts_for(tmp_path / "v.mp4"))
    facts = clip_info(tmp_path / "signed.mp4")
    assert (facts["marks"], facts["frames"], facts["container"][:3]) == ("trusted", 3, "mov")
    with pytest.raises(ClipMissing):
        clip_info(tmp_path / "none.mp4")
