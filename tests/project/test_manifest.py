import tomllib
from datetime import date

import pytest

from understudy.errors import ProjectInvalid, ProjectTooNew
from understudy.project.manifest import Manifest, parse_manifest, read_values, write_manifest

FULL = """\
# our film
version = 1
name = "Shot 12"

[performers."Åsa 影"]  # the lead
name = "Åsa"

[performers."Åsa 影".consent]
status = "agreed"
who = "Åsa Example"
valid_until = 2031-01-31
evidence = "consent.pdf"

[performers."Åsa 影".facesets.main]
clips = [
  "screen test",  # good light
]

[performers.double.facesets.main]
clips = ["shot 12"]

[clips."screen test"]
path = "../screen test.mov"
role = "src"
performer = "Åsa 影"
face = 2

[clips."shot 12"]
path = "shot.mp4"
role = "dst"
performer = "double"
merge.feather_px = 7

[models.main]
preset = "df"
src_facesets = ["Åsa 影/main"]
dst_facesets = ["double/main"]
train = { batch = 4 }

[merge]
mode = "overlay"  # not seamless here
"""


def read(tmp_path, text: str) -> Manifest:
    path = tmp_path / "understudy.toml"
    path.write_text(text, encoding="utf-8")
    return parse_manifest(read_values(path), text=text, path=path)


def test_everything_a_manifest_may_say_is_read(tmp_path):
    manifest = read(tmp_path, FULL)
    assert manifest.performers["Åsa 影"].consent.valid_until == date(2031, 1, 31)
    assert manifest.clips["screen test"].face == 2
    assert manifest.clips["shot 12"].merge == {"feather_px": 7}
    assert manifest.models["main"].train == {"batch": 4}
    assert list(manifest.clips_of("dst")) == ["shot 12"]


def test_writing_an_unchanged_manifest_changes_no_byte(tmp_path):
    manifest = read(tmp_path, FULL)
    write_manifest(tmp_path / "understudy.toml", manifest, text=FULL)
    assert (tmp_path / "understudy.toml").read_text(encoding="utf-8") == FULL


def test_comments_survive_a_change(tmp_path):
    manifest = read(tmp_path, FULL)
    manifest.clips["screen test"].face = None
    manifest.clips["shot 12"].face = 3
    manifest.merge["feather_px"] = 5
    write_manifest(tmp_path / "understudy.toml", manifest, text=FULL)
    text = (tmp_path / "understudy.toml").read_text(encoding="utf-8")
    for comment in ("# our film", "# the lead", "# good light", "# not seamless here"):
        assert comment in text
    assert read(tmp_path, text) == manifest
    assert "face = 2" not in text


def test_a_new_manifest_says_only_what_differs_from_the_defaults(tmp_path):
    write_manifest(tmp_path / "understudy.toml", Manifest(name="x"), text="")
    assert tomllib.loads((tmp_path / "understudy.toml").read_text()) == {"version": 1, "name": "x"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "Shot 12"', "name = Shot 12", "line 3"),
        ('name = "Åsa"', 'nmae = "Åsa"', r"nmae' \(line 6\), which is not known"),
        ("face = 2", 'face = "two"', r"face' \(line 26\)"),
        ("face = 2", "face = 0", "greater than or equal to 1"),
        ('role = "dst"', 'role = "target"', r"\(line 30\).*'src' or 'dst'"),
        ('"agreed"', '"sure"', "'agreed', 'fictional', 'not stated' or 'refused'"),
        ('"agreed"', '"agred"', r"""'refused'\. Did you mean "agreed"\?"""),
        (
            'performer = "double"',
            'performer = "dobule"',
            r"""'dobule', which is not there; .*\. Did you mean "double"\?""",
        ),
        (
            'clips = ["shot 12"]',
            'clips = ["shot 13"]',
            "'shot 13', which is not there; known: screen test, shot 12",
        ),
        ('dst_facesets = ["double/main"]', 'dst_facesets = ["double/other"]', "double/other"),
        ("[performers.double.", '[performers."a/b".', "'a_b' would do"),
        ("[models.main]", '[models."CON"]', "not every system takes it"),
        ("version = 1", 'version = "1"', "whole number"),
        ("version = 1", "version = true", "whole number"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_place_and_the_reason(tmp_path, old, new, says):
    assert old in FULL
    with pytest.raises(ProjectInvalid, match=says) as caught:
        read(tmp_path, FULL.replace(old, new, 1))
    assert caught.value.path == tmp_path / "understudy.toml"


def test_a_newer_layout_is_told_apart_from_a_wrong_one(tmp_path):
    with pytest.raises(ProjectTooNew, match="newer understudy"):
        read(tmp_path, 'version = 99\nsomething = "else"')


def test_a_missing_or_binary_manifest_is_said_plainly(tmp_path):
    with pytest.raises(ProjectInvalid, match="no project here"):
        read_values(tmp_path / "understudy.toml")
    (tmp_path / "understudy.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectInvalid, match="not UTF-8"):
        read_values(tmp_path / "understudy.toml")


def test_a_value_added_above_tables_lands_above_them(tmp_path):
    text = 'version = 1\n# about merging\n[merge]\nmode = "overlay"\n'
    write_manifest(tmp_path / "understudy.toml", Manifest(name="x", merge={"mode": "overlay"}), text=text)
    written = (tmp_path / "understudy.toml").read_text(encoding="utf-8")
    assert tomllib.loads(written) == {"version": 1, "name": "x", "merge": {"mode": "overlay"}}
    assert "# about merging" in written


def test_what_can_not_be_edited_in_place_is_written_anew(tmp_path):
    manifest = read(tmp_path, FULL)
    write_manifest(tmp_path / "understudy.toml", manifest, text="[this is [no TOML")
    assert read(tmp_path, (tmp_path / "understudy.toml").read_text(encoding="utf-8")) == manifest
