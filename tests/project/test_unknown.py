"""A name that nothing in the project has is answered with those there are, and with the nearest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy.errors import ClipMissing, ModelUnknown
from understudy.project.project import Project
from understudy.project.unknown import clip_named, model_named, unknown


def test_the_refusal_of_a_name_lists_those_there_are_and_asks_for_the_nearest() -> None:
    assert unknown("model", "mian", ["main", "close"]) == (
        "The project has no model called 'mian'; it has main, close. Did you mean \"main\"?"
    )
    assert unknown("dst clip", "x", ["shot"]) == "The project has no dst clip called 'x'; it has shot."
    assert unknown("clip", "x", []) == "The project has no clip called 'x'; it has none yet."


def test_where_there_is_no_model_yet_the_command_that_makes_one_can_be_pasted(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "my shot")
    told = f"`understudy train '{tmp_path / 'my shot'}'` makes one."
    with pytest.raises(ModelUnknown, match=f"no model called 'main'; it has none yet. {re.escape(told)}"):
        model_named(made, "main")


def test_a_name_may_be_meant_in_short() -> None:
    told = unknown("faceset", "scr", ["src/main", "src/close"], short=["src"])
    assert told.endswith('it has src/main, src/close. Did you mean "src"?')


def test_clips_and_models_are_looked_up_by_the_names_a_project_has(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "project")
    for role in ("src", "dst"):
        (tmp_path / f"{role}.mp4").touch()
        made.add_clip(tmp_path / f"{role}.mp4", role)
    made.add_model("main")
    assert clip_named(made, "src").role == "src"
    assert model_named(made, "main").preset == made.manifest.models["main"].preset
    with pytest.raises(ClipMissing, match=r"no clip called 'dts'; it has src, dst\. Did you mean \"dst\"\?"):
        clip_named(made, "dts")
    with pytest.raises(ClipMissing, match=r"no dst clip called 'src'; it has dst\."):
        clip_named(made, "src", "dst")
    with pytest.raises(ModelUnknown, match=r"no model called 'mian'; it has main\. Did you mean \"main\"\?"):
        model_named(made, "mian")
