import errno
from pathlib import Path

import pytest

from understudy.errors import ProjectInvalid
from understudy.files import write_json, write_text
from understudy.project import trash


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


def test_what_a_killed_process_put_here_is_known_by_its_origin(project, monkeypatch):
    path = project.folder / "out" / "a.txt"
    write_text(path, "x")

    def moved_then_killed(old, new):
        old.rename(new)
        raise KeyboardInterrupt

    monkeypatch.setattr(trash, "move_whole", moved_then_killed)
    with pytest.raises(KeyboardInterrupt):
        project.trash.put(path)
    monkeypatch.undo()
    (entry,) = project.trash.entries()
    assert project.trash.restore(entry) == path and path.read_text() == "x"


def test_a_place_that_is_kept_is_nobody_elses(project):
    path = project.folder / "out" / "a.txt"
    places = {project.trash.place_for(path) for _ in range(3)}
    assert len(places) == 3 and project.trash.entries() == []


def test_of_two_processes_that_keep_a_place_for_one_name_in_one_second_each_has_its_own(project, monkeypatch):
    """The note of one was written over by the other's, and its thing refused."""
    path, others, write = project.folder / "out" / "a.txt", [], trash.write_json

    def after_another_process(*said):
        monkeypatch.setattr(trash, "write_json", write)
        others.append(project.trash.place_for(project.folder / "merged" / "a.txt"))
        write(*said)

    monkeypatch.setattr("time.strftime", lambda _: "20260101-000000")
    monkeypatch.setattr(trash, "write_json", after_another_process)
    assert project.trash.place_for(path) not in others


@pytest.mark.parametrize("inside", ["", "b/c.txt"])
def test_a_trash_on_another_disk_takes_and_gives_back(project, monkeypatch, inside):
    path = project.folder / "out" / "a"
    write_text(path / inside, "x")
    rename = Path.rename

    def on_one_disk(old, new):
        if old.parent != Path(new).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(old, new)

    monkeypatch.setattr(Path, "rename", on_one_disk)
    entry = project.trash.put(path)
    assert not any(path.parent.iterdir()) and (entry.path / inside).read_text() == "x"
    project.trash.restore(entry)
    assert (path / inside).read_text() == "x" and not any(project.trash.folder.iterdir())
