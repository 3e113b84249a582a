import pytest

from understudy.errors import ProjectInvalid
from understudy.files import write_json, write_text


def test_what_is_put_away_comes_back_to_its_place(project):
    model = project.folder / "models" / "main"
    write_text(model / "model.toml", "x")
    entry = project.trash.put(model)
    assert not model.exists()
    assert project.trash.entries() == [entry]
    assert entry.size_bytes == 1
    assert project.trash.restore(entry) == model
    assert (model / "model.toml").read_text() == "x"
    assert project.trash.entries() == []


def test_restoring_over_something_new_puts_the_new_one_away(project):
    path = project.folder / "out" / "a.txt"
    write_text(path, "old")
    entry = project.trash.put(path)
    write_text(path, "new")
    project.trash.restore(entry)
    assert path.read_text() == "old"
    (other,) = project.trash.entries()
    assert other.path.read_text() == "new"


@pytest.mark.parametrize("origin", ["../outside", "/etc/passwd", 7, None])
def test_a_note_that_leads_out_of_the_project_is_not_followed(project, origin):
    write_text(project.trash.folder / "thing", "x")
    write_json(project.trash.folder / "thing.origin.json", {"origin": origin})
    (entry,) = project.trash.entries()
    assert entry.origin is None
    with pytest.raises(ProjectInvalid, match="by hand"):
        project.trash.restore(entry)
