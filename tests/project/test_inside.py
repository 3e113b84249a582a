"""A note leads to places inside its project alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import LeadsOut
from understudy.project.inside import inside, require_inside, truly_inside


@pytest.mark.parametrize(
    "said", ["models/main", "trash/a.model/merged/shot/main", "..", "a/../b", "/etc", "", 7, None]
)
def test_what_leads_up_or_out_is_no_place_of_a_project(tmp_path: Path, said: object) -> None:
    if isinstance(said, str) and said.startswith(("models", "trash")):
        assert inside(tmp_path, said) == truly_inside(tmp_path, said) == tmp_path / said
    else:
        for way in (inside, truly_inside):
            with pytest.raises((ValueError, TypeError)):
                way(tmp_path, said)


def test_a_link_on_the_way_leads_out_and_one_inside_does_not(tmp_path: Path) -> None:
    home = tmp_path / "project"
    (home / "large" / "models").mkdir(parents=True)
    (home / "models").symlink_to(home / "large" / "models")
    (home / "merged").symlink_to(tmp_path)
    assert truly_inside(home, "models/main") == home / "models/main"
    with pytest.raises(ValueError, match="through a link"):
        truly_inside(home, "merged/shot")
    assert truly_inside(home, "merged") == home / "merged"  # the link itself may move


def test_the_link_that_leads_out_is_named_with_where_it_leads(tmp_path: Path) -> None:
    home, disk = tmp_path / "project", tmp_path / "disk"
    (home / "merged").mkdir(parents=True)
    (disk / "shot").mkdir(parents=True)
    (home / "merged" / "shot").symlink_to(disk)
    require_inside(home, home / "merged" / "shot")
    with pytest.raises(LeadsOut, match="`merged/shot` is a link") as told:
        require_inside(home, home / "merged" / "shot" / "main" / "0.png")
    assert str(disk) in told.value.message and told.value.path == home / "merged" / "shot"
    (home / "merged" / "round").symlink_to("round")
    require_inside(home, home / "merged" / "round")
