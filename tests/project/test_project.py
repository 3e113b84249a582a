import subprocess
import sys
from pathlib import Path

import pytest

from understudy.errors import ClipMissing, ProjectInvalid
from understudy.project.project import WORK_FOLDERS, Project, Rehearsal
from understudy.provenance.consent import Consent

ADD = """
import sys
from pathlib import Path
from understudy.project.project import Project
project = Project.open(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 8):
    project.add_clip(Path(sys.argv[3]) / f"take {number}.mp4", "dst")
"""


def clip_file(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"not decoded here")
    return folder / name


def test_a_new_project_opens_again_with_its_name(project):
    assert Project.open(project.folder).manifest.name == "Mein Prøjekt 影"
    with pytest.raises(ProjectInvalid, match="already"):
        Project.create(project.folder)
    assert Project.open_or_create(project.folder).manifest == project.manifest


def test_a_clip_inside_the_project_is_stored_relative_and_one_outside_absolute(project, tmp_path):
    inside = clip_file(project.folder / "clips", "shot 影.mp4")
    outside = clip_file(tmp_path, "elsewhere.mp4")
    names = [project.add_clip(inside, "src"), project.add_clip(outside, "dst")]
    stored = [project.manifest.clips[name].path for name in names]
    assert stored == ["clips/shot 影.mp4", str(outside.resolve())]
    assert [project.clip_path(name).resolve() for name in names] == [inside.resolve(), outside.resolve()]


def test_a_moved_project_finds_its_own_clips(project, tmp_path):
    name = project.add_clip(clip_file(project.folder, "shot.mp4"), "src")
    project.folder.rename(tmp_path / "moved")
    assert Project.open(tmp_path / "moved").clip_path(name).is_file()


def test_the_same_clip_is_not_added_twice_and_another_of_its_name_gets_a_number(project, tmp_path):
    first = project.add_clip(clip_file(tmp_path / "a", "Take.mp4"), "src")
    assert project.add_clip(tmp_path / "a" / "Take.mp4", "src") == first
    second = project.add_clip(clip_file(tmp_path / "b", "take.mp4"), "src")
    assert (first, second) == ("Take", "take-2")
    assert project.manifest.performers["src"].facesets["main"].clips == [first, second]


@pytest.mark.parametrize(
    ("file", "name"), [("-dash", "dash"), ("--src", "src"), ("- -a-b-", "a-b-"), ("-con", "_con"), ("---", "_")]
)
def test_no_clip_is_called_like_a_flag(project, tmp_path, file, name):
    assert project.add_clip(clip_file(tmp_path, f"{file}.mp4"), "dst") == name


def test_one_file_may_be_src_and_dst(project, tmp_path):
    path = clip_file(tmp_path, "take.mp4")
    assert project.add_clip(path, "src") != project.add_clip(path, "dst")


def test_a_missing_clip_is_not_added(project, tmp_path):
    with pytest.raises(ClipMissing):
        project.add_clip(tmp_path / "no.mp4", "src")
    assert not project.manifest.clips


def test_performers_facesets_and_consent_are_kept(project, tmp_path):
    consent = Consent(status="agreed", who="Åsa", scope="this film")
    name = project.add_clip(clip_file(tmp_path, "t.mp4"), "src", performer="Åsa", faceset="screen test")
    with project.change() as manifest:
        manifest.performers["Åsa"].consent = consent
    reopened = Project.open(project.folder)
    assert reopened.consents() == {"Åsa": consent}
    assert reopened.faceset_of_clip(name) == ("Åsa", "screen test")
    assert reopened.faceset_folder("Åsa", "screen test") == project.folder / "facesets" / "Åsa" / "screen test"


def test_a_model_learns_from_all_facesets_unless_it_is_there_already(filled):
    assert filled.facesets_of("src", "main") == ["src/main"]
    assert filled.facesets_of("dst", "main") == ["dst/main"]
    assert filled.add_model("main", preset="df").preset == "quick"
    assert filled.add_model("second", preset="df").preset == "df"


def test_a_chosen_face_is_remembered(filled):
    filled.choose_face("dst clip", 2)
    assert Project.open(filled.folder).manifest.clips["dst clip"].face == 2


def test_a_change_that_contradicts_itself_is_not_written(filled):
    before = (filled.folder / "understudy.toml").read_bytes()
    with pytest.raises(ProjectInvalid, match="not there"), filled.change() as manifest:
        del manifest.performers["src"]
    with pytest.raises(RuntimeError), filled.change() as manifest:
        manifest.name = "half done"
        raise RuntimeError
    assert (filled.folder / "understudy.toml").read_bytes() == before
    assert filled.manifest.name != "half done"


def test_two_processes_that_write_at_once_lose_nothing(project, tmp_path):
    for number in range(16):
        clip_file(tmp_path, f"take {number}.mp4")
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, project.folder, str(start), tmp_path]) for start in (0, 8)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert set(Project.open(project.folder).manifest.clips) == {f"take {number}" for number in range(16)}


def test_importing_the_room_brings_neither_torch_nor_opencv():
    code = (
        "import sys, understudy.project.project, understudy.project.state, understudy.project.cleaning;"
        "print([m for m in ('torch', 'cv2', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_folder_of_the_map_but_that_of_finished_files_is_one_to_work_with(filled):
    named = (
        getattr(filled, name) for name in vars(Project) if name.endswith("_folder") and name != "out_folder"
    )
    takes_one = filled.model_folder
    folders = [(one("a") if one == takes_one else one("a", "b")) if callable(one) else one for one in named]
    assert len(folders) > 8
    assert {path.relative_to(filled.folder).parts[0] for path in folders} <= set(WORK_FOLDERS)
    assert "out" not in WORK_FOLDERS


def test_every_folder_is_where_the_map_says(filled):
    home = filled.folder
    assert filled.model_folder("main") == home / "models" / "main"
    assert filled.merged_folder("dst clip", "main") == home / "merged" / "dst clip" / "main"
    assert (filled.out_folder, filled.cache_folder) == (home / "out", home / "cache")
    assert (filled.people_folder, filled.logs_folder) == (home / "people", home / "logs")


def test_a_rehearsal_goes_as_the_project_would_and_writes_nothing(project, tmp_path):
    clip, before = clip_file(tmp_path, "dst.mp4"), (project.folder / "understudy.toml").read_bytes()
    for folder in (project.folder, tmp_path / "new"):
        rehearsed = Rehearsal.of(folder)
        assert [rehearsed.add_clip(clip, "dst"), rehearsed.add_clip(clip, "src")] == ["dst", "dst-2"]
        assert rehearsed.facesets_with_clips("src") == ["src/main"]
        with pytest.raises(ProjectInvalid), rehearsed.change() as manifest:
            manifest.clips["dst"].performer = "nobody"
        assert rehearsed.manifest.clips["dst"].performer == "dst"
    assert (project.folder / "understudy.toml").read_bytes() == before
    assert not (tmp_path / "new").exists()
