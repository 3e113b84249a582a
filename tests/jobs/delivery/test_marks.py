"""A finished file is entered in the project's ledger, and a watermark that can't be read back is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.conftest import write_wall
from tests.jobs.delivery.test_whose_faces import learned, of
from tests.merging.conftest import Painter
from tests.provenance.material import facts_for
from understudy.errors import ConsentMissing, FolderUnwritable, MarksUnreadable, OptionInvalid
from understudy.events import Notice, Progress, StageFinished, StageStarted
from understudy.files import sha256_of
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.delivery.marks import FinalMarks, performers_shown
from understudy.jobs.delivery.outputs import require_outputs
from understudy.jobs.merging import inputs
from understudy.merging.journal import merge_facts
from understudy.project.cleaning import clean
from understudy.project.manifest import Performer
from understudy.project.project import Project
from understudy.provenance.consent import Consent
from understudy.provenance.credentials import read_credentials
from understudy.provenance.exports import breaks_in, known_ledgers, lines_of
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.recast import Recast, recast_in
from understudy.provenance.sign import sign_file
from understudy.provenance.verify import verify
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.keys import key_file, make_key, use_key
from understudy.provenance.words import NOT_ALL_LESSONS
from understudy.provenance.xmp import source_type_in
from understudy.training.keeping.learnt_from import Footage


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def merged(project: Project) -> None:
    list(stages.merge(project, "main", said={}, device="cpu"))


def test_every_finished_file_is_a_line_in_the_ledger(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={"label": "made with AI"}))
    list(stages.encode(ready, "main", out=tmp_path / "frames", said={}))
    list(stages.encode(ready, "main", out=tmp_path / "frames", said={}))  # nothing to do
    first, second = lines_of(ready.exports_ledger)
    assert breaks_in(ready.exports_ledger) == []
    assert first.export.file == "one.mp4" and first.export.sha256 == sha256_of(tmp_path / "one.mp4")
    assert second.export.sha256 == sha256_of(tmp_path / "frames" / LEDGER_NAME)
    assert first.export.marks == ["content credentials", "watermark", "label"]
    assert second.export.marks == ["content credentials", "watermark"]
    credentials = read_credentials(tmp_path / "one.mp4")
    assert credentials is not None
    recast = recast_in(credentials.active)
    assert recast is not None and recast.watermark == first.export.watermark != second.export.watermark
    assert known_ledgers() == [ready.exports_ledger]


def test_a_mask_is_signed_and_entered_but_has_neither_watermark_nor_label(
    ready: Project, tmp_path: Path
) -> None:
    merged(ready)
    with ready.change() as manifest:
        manifest.encode = {"label": "made with AI"}
    list(stages.encode(ready, "main", out=tmp_path / "mask.mkv", said={"content": "mask"}))
    (line,) = lines_of(ready.exports_ledger)
    assert line.export.marks == ["content credentials"] and line.export.watermark == ""


def test_a_watermark_that_cannot_be_read_back_is_told(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged(ready)
    events = list(stages.encode(ready, "main", out=tmp_path / "two.mp4", said={}))
    assert not any("watermark" in e.text for e in events if isinstance(e, Notice))
    monkeypatch.setattr("understudy.provenance.watermark.reading.read_watermark", lambda *_, **__: None)
    events = list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert any("watermark can't be read back" in e.text for e in events if isinstance(e, Notice))
    again = list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert not any("watermark" in e.text for e in again if isinstance(e, Notice))


def recast_of_file(path: Path) -> Recast:
    credentials = read_credentials(path)
    assert credentials is not None
    recast = recast_in(credentials.active)
    assert recast is not None
    return recast


def test_marks_name_the_clips_whose_faces_the_model_saw_and_no_others(ready: Project, tmp_path: Path) -> None:
    add_clips(ready, src=[write_wall(tmp_path / "unused.mp4")])
    with ready.change() as manifest:
        manifest.performers["unseen"] = Performer(consent=Consent(status="refused"))
    before = Footage("before", "dst", "old", 2, file="old.mp4", model="first")
    learned(ready, of(ready, "src"), of(ready, "dst", performer="dst", side="dst"), before)
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    recast = recast_of_file(tmp_path / "one.mp4")
    (line,) = lines_of(ready.exports_ledger)
    assert recast.for_manifest() == line.export.recast
    assert [(clip.name, clip.sha256, clip.faces) for clip in recast.src] == [
        ("src.mp4", sha256_of(ready.clip_path("src")), 4)
    ]
    assert [(clip.name, clip.model) for clip in recast.also_learnt] == [("dst.mov", ""), ("old.mp4", "first")]
    assert recast.learnt_whole and set(recast.consents) == {"src", "dst"}
    told = verify(tmp_path / "one.mp4").sentences
    assert any("began with parts of the model “first”" in text and "old.mp4" in text for text in told)
    assert not any("unused" in text or "unseen" in text for text in told)


def test_somebody_whom_the_model_learnt_from_stops_the_export_though_no_clip_of_theirs_is_left(
    ready: Project, tmp_path: Path
) -> None:
    with ready.change() as manifest:
        manifest.performers["mira"] = Performer(consent=Consent(status="refused"))
    learned(ready, of(ready, "src", performer="mira"))
    merged(ready)
    with pytest.raises(ConsentMissing, match="mira"):
        list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    with ready.change() as manifest:
        del manifest.performers["mira"]
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert recast_of_file(tmp_path / "one.mp4").consents["mira"].status == "not stated"


def test_a_model_without_such_a_record_says_so(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert [clip.name for clip in recast_of_file(tmp_path / "one.mp4").src] == ["src.mp4"]
    assert NOT_ALL_LESSONS in verify(tmp_path / "one.mp4").sentences


def test_frames_show_whom_their_own_weights_learnt_from_though_another_model_has_that_name_now(
    ready: Project, tmp_path: Path
) -> None:
    with ready.change() as manifest:
        manifest.performers["mira"] = Performer(consent=Consent(status="agreed"))
    learned(ready, of(ready, "src", performer="mira"))
    merged(ready)
    clean(ready, "train")
    learned(ready, of(ready, "src"), weights="1" * 64)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    recast = recast_of_file(tmp_path / "one.mp4")
    assert [clip.performer for clip in recast.src] == ["mira"] and recast.learnt_whole
    assert set(recast.consents) == {"mira", "dst"}
    record_consent(ready, "mira", {"status": "refused"})
    with pytest.raises(ConsentMissing, match="mira"):
        list(stages.encode(ready, "main", out=tmp_path / "two.mp4", said={}))


def test_frames_of_before_such_records_are_not_taken_for_those_of_the_model_that_has_the_name_now(
    ready: Project, tmp_path: Path
) -> None:
    learned(ready, of(ready, "src", performer="mira"))
    merged(ready)
    clean(ready, "train")
    learned(ready, of(ready, "src"), weights="1" * 64)
    (ready.merged_folder("dst", "main") / "learnt.json").unlink()
    events = list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert any("isn't recorded what all" in event.text for event in events if isinstance(event, Notice))
    assert not recast_of_file(tmp_path / "one.mp4").learnt_whole
    assert NOT_ALL_LESSONS in verify(tmp_path / "one.mp4").sentences


def test_a_clip_is_not_merged_again_between_its_marks_and_its_frames(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(ready, of(ready, "src"))
    merged(ready)
    refusals: list[str] = []

    def merged_meanwhile(*facts: Any) -> FinalMarks:
        again = Painter((0.1, 0.8, 0.1), sha256="1" * 64)
        monkeypatch.setattr("understudy.training.predictor.load_predictor", lambda *_, **__: again)
        try:
            merged(ready)
        except FolderUnwritable as refused:
            refusals.append(refused.message)
        return FinalMarks(*facts)

    monkeypatch.setattr(stages, "FinalMarks", merged_meanwhile)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    made = merge_facts(ready.merged_folder("dst", ready.merged_name("dst", "main")))
    assert recast_of_file(tmp_path / "one.mp4").model.sha256 == made.models[0].sha256
    assert refusals


def test_a_studios_watermark_key_spreads_the_mark_and_enters_neither_project_nor_file(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key("studio")
    use_key("studio")
    merged(ready)
    drawn: list[bytes] = []
    real = Watermark.__init__

    def noted(self: Watermark, number: int, *, key: bytes) -> None:
        drawn.append(key)
        real(self, number, key=key)

    monkeypatch.setattr(Watermark, "__init__", noted)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert drawn == [key.secret]
    kept = key_file("studio").read_bytes()
    written = [tmp_path / "one.mp4", *(p for p in ready.folder.rglob("*") if p.is_file())]
    for secret in (key.secret, key.secret.hex().encode(), kept, kept.hex().encode(), b"studio.key"):
        assert not any(secret in path.read_bytes() for path in written)


CLOSED = {"closed_production": "plates for the compositor", "closed_production_by": "A. Weber"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layers", {"images": "png"}),
        ("shot.mkv", {"codec": "ffv1"}),
        ("face.mov", {"codec": "png", "content": "face"}),
    ],
)
def test_what_stays_in_a_closed_production_has_no_marks_and_the_ledger_says_why_and_by_whom(
    ready: Project, tmp_path: Path, name: str, said: dict[str, str]
) -> None:
    merged(ready)
    out = tmp_path / name
    list(stages.encode(ready, "main", out=tmp_path / f"marked {name}", said=said))
    events = list(stages.encode(ready, "main", out=out, said={**said, **CLOSED}))
    assert any("must stay in the production" in e.text for e in events if isinstance(e, Notice))
    first, line = lines_of(ready.exports_ledger)
    assert first.export.unmarked is None and first.export.watermark and first.export.marks
    assert line.export.unmarked is not None and line.export.file == name
    assert (line.export.unmarked.reason, line.export.unmarked.by) == tuple(CLOSED.values())
    assert (line.export.marks, line.export.watermark, line.export.signer) == ([], "", "")
    assert line.export.sha256 == sha256_of(out / LEDGER_NAME if out.is_dir() else out)
    assert breaks_in(ready.exports_ledger) == [] and verify(out).state == "none"
    assert not list(tmp_path.glob(f"{name}*.c2pa")) and not (out / f"{LEDGER_NAME}.c2pa").exists()
    if out.is_dir():
        assert [source_type_in(path) for path in sorted(out.glob("*.png"))] == ["", "", ""]
        assert any(source_type_in(path) for path in (tmp_path / f"marked {name}").glob("*.png"))


def test_who_left_out_the_marks_is_who_is_logged_in_unless_somebody_else_is_named(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "mira")
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "layers", said={"closed_production": "dailies"}))
    (line,) = lines_of(ready.exports_ledger)
    assert line.export.unmarked is not None and line.export.unmarked.by == "mira"


def test_a_finished_film_is_never_without_marks_and_nothing_is_written(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    with pytest.raises(OptionInvalid, match="finished film, which keeps its marks"):
        list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said=CLOSED))
    with pytest.raises(OptionInvalid, match="finished film, which keeps its marks"):
        require_outputs(ready, "main", clips=[], out=tmp_path / "one.mp4", said=CLOSED)
    assert not (tmp_path / "one.mp4").exists() and not ready.exports_ledger.exists()


def test_footage_that_has_credentials_does_not_lose_them(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    clip = ready.clip_path("dst")
    sign_file(clip, clip, facts_for(clip))
    with pytest.raises(OptionInvalid, match="would lose them"):
        list(stages.encode(ready, "main", out=tmp_path / "layers", said=CLOSED))
    assert not (tmp_path / "layers").exists()


def test_a_consent_that_is_refused_stops_a_closed_production_too(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    record_consent(ready, "src", {"status": "refused"})
    with pytest.raises(ConsentMissing):
        list(stages.encode(ready, "main", out=tmp_path / "layers", said=CLOSED))


@pytest.mark.parametrize(
    ("name", "closed"), [("one.mp4", False), ("one.mkv", False), ("frames", False), ("layers", True)]
)
def test_a_consent_that_is_withdrawn_while_frames_are_written_stops_the_file_and_leaves_nothing(
    ready: Project, tmp_path: Path, name: str, closed: bool
) -> None:
    merged(ready)
    out = tmp_path / "out" / name
    with pytest.raises(ConsentMissing, match=r"of src is refused, so nothing final is written\. Train a model"):
        for event in stages.encode(ready, "main", out=out, said=CLOSED if closed else {}):
            if isinstance(event, Progress):
                record_consent(Project.open(ready.folder), "src", {"status": "refused"})
    assert list(out.parent.iterdir()) == [] and not ready.exports_ledger.exists()
    assert not list(ready.folder.rglob(".unsigned*"))


def test_what_is_recorded_while_frames_are_written_stands_in_the_marks(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    out = tmp_path / "one.mp4"
    for event in stages.encode(ready, "main", out=out, said={}):
        if isinstance(event, Progress):
            record_consent(Project.open(ready.folder), "src", {"status": "agreed", "scope": "a short film"})
    assert recast_of_file(out).consents["src"].scope == "a short film"


def test_a_consent_that_is_withdrawn_after_the_first_clip_stops_the_next_before_it_is_begun(
    ready: Project, tmp_path: Path
) -> None:
    write_wall(tmp_path / "other.mp4")
    add_clips(ready, src=[], dst=[tmp_path / "other.mp4"], consent=None)
    merged(ready)
    begun: list[str] = []
    with pytest.raises(ConsentMissing, match="of src is refused"):
        for event in stages.encode(ready, "main", out=tmp_path / "out", said={}):
            begun += [event.stage] if isinstance(event, StageStarted) else []
            if isinstance(event, StageFinished):
                record_consent(Project.open(ready.folder), "src", {"status": "refused"})
    assert begun.count("encode") == 1 and len(list(lines_of(ready.exports_ledger))) == 1


def signed_src(project: Project) -> Path:
    """The project's src clip with credentials of its own, and a model that learnt from it."""
    src = project.clip_path("src")
    sign_file(src, src, facts_for(src))
    learned(project, of(project, "src"), of(project, "dst", performer="dst", side="dst"))
    return src


def kept_in(path: Path) -> dict[str, str]:
    """The ingredients of a finished file that have credentials, and what they are to it."""
    credentials = read_credentials(path)
    assert credentials is not None
    ingredients = credentials.active["ingredients"]
    return {one["title"]: one["relationship"] for one in ingredients if one.get("active_manifest")}


def test_the_credentials_of_a_src_clip_are_kept_in_what_is_painted_with_its_faces(
    ready: Project, tmp_path: Path
) -> None:
    signed_src(ready)
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert kept_in(tmp_path / "one.mp4") == {"src.mp4": "inputTo"}
    assert verify(tmp_path / "one.mp4").state == "trusted"


def test_a_src_clip_that_is_another_now_or_gone_is_kept_no_credentials_of(
    ready: Project, tmp_path: Path
) -> None:
    src = signed_src(ready)
    merged(ready)
    sign_file(src, src, facts_for(src))  # other bytes
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    src.unlink()
    list(stages.encode(ready, "main", out=tmp_path / "two.mp4", said={}))
    assert kept_in(tmp_path / "one.mp4") == kept_in(tmp_path / "two.mp4") == {}


def test_a_finished_file_is_not_made_again_for_the_credentials_of_src(ready: Project, tmp_path: Path) -> None:
    src = signed_src(ready)
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    src.unlink()
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert len(list(lines_of(ready.exports_ledger))) == 1 and kept_in(tmp_path / "one.mp4")


def test_hashing_a_src_clip_for_its_credentials_is_told_and_done_once(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_src(ready)
    merged(ready)
    assert told_of_hashing(ready, tmp_path / "one.mp4", monkeypatch) == (2, set())
    monkeypatch.setattr(inputs, "sha256_pieces", lambda path: pytest.fail(f"hashed {path} again"))
    list(stages.encode(ready, "main", out=tmp_path / "two.mp4", said={}))
    assert kept_in(tmp_path / "two.mp4")


def test_what_would_stop_the_marks_is_told_before_the_work(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise MarksUnreadable("The signing certificate is out of date.")

    merged(ready)
    monkeypatch.setattr("understudy.jobs.delivery.marks.signer_for", refused)
    monkeypatch.setattr("understudy.merging.delivery.encode.encode", lambda *_, **__: pytest.fail("it began"))
    with pytest.raises(MarksUnreadable, match="out of date"):
        list(stages.encode(ready, "main", out=tmp_path / "out.mp4", said={}))


def test_a_private_watermark_key_asks_for_a_new_file_and_only_where_there_is_a_watermark(
    ready: Project, tmp_path: Path
) -> None:
    merged(ready)
    out = tmp_path / "one.mp4"
    for _ in range(2):
        list(stages.encode(ready, "main", out=out, said={}))
    assert len(list(lines_of(ready.exports_ledger))) == 1
    make_key("studio")
    use_key("studio")
    list(stages.encode(ready, "main", out=out, said={}))
    assert len(list(lines_of(ready.exports_ledger))) == 2
    key_file("studio").unlink()
    with pytest.raises(MarksUnreadable):
        list(stages.encode(ready, "main", out=out, said={}))
    list(stages.encode(ready, "main", out=tmp_path / "mask.mkv", said={"content": "mask"}))
    assert len(list(lines_of(ready.exports_ledger))) == 3


def test_whose_consent_is_needed_is_known_without_reading_whole_clips(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> str:
        raise AssertionError("a clip was hashed")

    monkeypatch.setattr("understudy.jobs.delivery.whose_faces.clip_sha256", read)
    assert set(performers_shown(ready, "main", "dst", before_training=True)) == {"src", "dst"}
    merged(ready)
    assert set(performers_shown(ready, "main", "dst")) == {"src", "dst"}


def told_of_hashing(project: Project, out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, set[str]]:
    """How many clips an encode tells that it hashes, and which it hashes without a word."""
    silent: set[str] = set()
    for limit in ("_WORTH_TELLING_BYTES", "_TOLD_EVERY_BYTES"):
        monkeypatch.setattr(inputs, limit, 1)
    monkeypatch.setattr(inputs, "sha256_of", lambda path: silent.add(path.stem) or sha256_of(path))
    (project.cache_folder / "sha256.json").unlink(missing_ok=True)
    told = [
        event.summary["clips"]
        for event in stages.encode(project, "main", out=out, said={})
        if isinstance(event, StageFinished) and event.stage == "hash"
    ]
    return sum(told), silent


def test_hashing_the_clips_of_a_model_without_a_record_is_told(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_clips(ready, src=[write_wall(tmp_path / "unused.mp4")])
    merged(ready)
    assert told_of_hashing(ready, tmp_path / "one.mp4", monkeypatch) == (3, set())
    learned(ready, of(ready, "src"))
    assert told_of_hashing(ready, tmp_path / "two.mp4", monkeypatch) == (1, set())  # dst, which the marks name


def test_training_and_merging_say_whose_consent_stops_what_is_final_and_go_on(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ready.folder / "signed.txt"
    form.write_text("yes")
    record_consent(ready, "src", {"status": "agreed", "evidence": str(form)})
    record_consent(ready, "dst", {"status": "agreed", "valid_until": "2020-01-01"})
    form.unlink()
    with ready.change() as manifest:
        manifest.performers["unseen"] = Performer(consent=Consent(status="refused"))
    with ready.faceset("dst") as dst, ready.faceset("src") as src:
        src.add(np.zeros((16, 16, 3), np.uint8), dst.faces()[0].record.model_copy(update={"clip": "src"}))
    trained: list[str] = []
    monkeypatch.setattr("understudy.training.train.train", lambda *_, **__: trained.append("main") or iter(()))
    for stage in (stages.train, stages.merge):
        events = list(stage(ready, "main", said={}, device="cpu"))
        ended, gone = [e.text for e in events if isinstance(e, Notice) and "final" in e.text]
        assert ended.startswith("Nothing final can be made: The consent of dst ended on 2020-01-01")
        assert "The evidence of src's consent isn't there." in gone
    assert trained and merge_facts(ready.merged_folder("dst", "main")).swapped == 1
    record_consent(ready, "dst", {"valid_until": None})
    record_consent(ready, "src", {"evidence": None, "evidence_sha256": None})
    for stage in (stages.train, stages.merge):
        events = list(stage(ready, "main", said={}, device="cpu"))
        assert not [e for e in events if isinstance(e, Notice) and "final" in e.text]
