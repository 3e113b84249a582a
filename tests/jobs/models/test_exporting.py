"""A model leaves the project only with everyone's consent, in one step, and says what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from tests.jobs.models.test_making import SMALL
from understudy.errors import ConsentMissing, ExchangeRefused, ModelUnknown, OptionInvalid
from understudy.events import Made, StageFinished
from understudy.files import sha256_of, write_bytes
from understudy.jobs.models.exporting import export_dfm
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.project.project import Project
from understudy.provenance.consent import Consent
from understudy.provenance.exports import lines_of
from understudy.training.exchange import dfm
from understudy.training.exchange.dfm import Exported
from understudy.training.keeping.about import ModelAbout
from understudy.training.keeping.checkpoint import Checkpoint, save_checkpoint
from understudy.training.keeping.starting import make_model, source_in

WRITTEN: list[tuple[FaceModel, Mapping[str, str]]] = []


@pytest.fixture
def trained(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose model has learnt; what would be exported is noted in WRITTEN."""

    def write(model: FaceModel, path: Path, *, metadata: Mapping[str, str]) -> Exported:
        WRITTEN.append((model, metadata))
        write_bytes(path, b"model")
        return Exported(path, 5, 12, 1e-6)

    WRITTEN.clear()
    monkeypatch.setattr(dfm, "write_dfm", write)
    about = ModelAbout("quick", "quick", "full", 32, 0, SMALL)
    make_model(project.model_folder("main"), about, build("quick", SMALL, seed=3).state_dict())
    weights = build("quick", SMALL, seed=4).state_dict()
    averaged = build("quick", SMALL, seed=5).state_dict()
    save_checkpoint(project.model_folder("main"), Checkpoint(12, model=weights, ema=averaged, state={}))
    return project


def test_the_averaged_weights_of_the_newest_checkpoint_go_out_with_what_they_are(trained: Project) -> None:
    events = list(export_dfm(trained, "main"))
    ((model, metadata),) = WRITTEN
    averaged = build("quick", SMALL, seed=5).state_dict()
    assert all(torch.equal(tensor, averaged[name]) for name, tensor in model.state_dict().items())
    assert metadata["made_by"].startswith("understudy ")
    assert metadata["model_sha256"] == source_in(trained.model_folder("main")).sha256
    assert (metadata["model"], metadata["model_iterations"], metadata["face_type"]) == ("main", "12", "full")
    assert json.loads(metadata["consent"]) == {"src": {"status": "fictional"}, "dst": {"status": "fictional"}}
    (made,) = [event for event in events if isinstance(event, Made)]
    assert made.path == trained.out_folder / "main.dfm"
    assert made.path.read_bytes() == b"model"
    assert isinstance(events[-1], StageFinished)


def test_what_lies_there_already_goes_to_the_trash(trained: Project, tmp_path: Path) -> None:
    out = tmp_path / "live.dfm"
    out.write_bytes(b"older")
    list(export_dfm(trained, "main", out=out))
    assert out.read_bytes() == b"model"
    assert [path.read_bytes() for path in trained.trash.folder.glob("*live.dfm")] == [b"older"]


def test_a_refused_consent_stops_the_export_before_anything_is_done(trained: Project) -> None:
    with trained.change() as manifest:
        consent = manifest.performers["src"].consent.model_copy(update={"status": "refused"})
        manifest.performers["src"].consent = consent
    with pytest.raises(ConsentMissing, match="refused"):
        list(export_dfm(trained, "main"))
    assert WRITTEN == []


def test_a_failed_export_leaves_what_was_there(
    trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ExchangeRefused("The exported model paints something else.")

    out = tmp_path / "live.dfm"
    out.write_bytes(b"older")
    monkeypatch.setattr(dfm, "write_dfm", fail)
    with pytest.raises(ExchangeRefused):
        list(export_dfm(trained, "main", out=out))
    assert [path.name for path in tmp_path.glob("*live*")] == ["live.dfm"]
    assert out.read_bytes() == b"older"


@pytest.mark.parametrize("name", ["folder", "main.mp4"])
def test_a_place_that_is_no_file_of_that_kind_is_refused(trained: Project, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OptionInvalid, match=r"\.dfm"):
        list(export_dfm(trained, "main", out=tmp_path / name))


def test_only_a_model_that_has_learnt_can_be_exported(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="no trained model"):
        list(export_dfm(project, "main"))
    with pytest.raises(ModelUnknown, match="main"):
        list(export_dfm(project, "other"))


def test_a_use_that_was_not_agreed_to_stops_the_export(trained: Project) -> None:
    with trained.change() as manifest:
        agreed = Consent(status="agreed", uses=["film"])
        manifest.performers["src"].consent = agreed
    for use in ("", "stream"):
        with pytest.raises(ConsentMissing, match="covers film"):
            list(export_dfm(trained, "main", use=use))
    assert WRITTEN == [] and not trained.exports_ledger.exists()
    list(export_dfm(trained, "main", use="film"))


def test_an_exported_model_stands_in_the_ledger(trained: Project) -> None:
    list(export_dfm(trained, "main", use="live show"))
    (line,) = lines_of(trained.exports_ledger)
    assert line.export.file == "main.dfm" and line.export.sha256 == sha256_of(trained.out_folder / "main.dfm")
    assert line.export.recast["model"]["iterations"] == 12 and line.export.recast["use"] == "live show"
    assert line.export.recast["consents"]["src"] == {"status": "fictional"}


def changed_while_writing(
    monkeypatch: pytest.MonkeyPatch, project: Project, consent: Consent, *, at: str = "src"
) -> None:
    """Another process changes a consent while the file is written for the first time."""
    write = dfm.write_dfm

    def slowly(*args: object, **more: object) -> Exported:
        if not WRITTEN:
            with Project.open(project.folder).change() as manifest:
                manifest.performers[at].consent = consent
        return write(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(dfm, "write_dfm", slowly)


def test_a_consent_that_is_withdrawn_while_the_model_is_written_stops_the_export(
    trained: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(trained.out_folder / "main.dfm", b"older")
    changed_while_writing(monkeypatch, trained, Consent(status="refused"))
    with pytest.raises(ConsentMissing, match="refused"):
        list(export_dfm(trained, "main"))
    assert [path.name for path in trained.out_folder.iterdir()] == ["main.dfm"]
    assert (trained.out_folder / "main.dfm").read_bytes() == b"older" and not trained.exports_ledger.exists()


def test_a_consent_that_is_changed_while_the_model_is_written_stands_in_it_and_in_the_ledger(
    trained: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_while_writing(monkeypatch, trained, Consent(status="agreed", who="Ida"))
    list(export_dfm(trained, "main"))
    assert json.loads(WRITTEN[-1][1]["consent"])["src"]["status"] == "agreed"
    (line,) = lines_of(trained.exports_ledger)
    assert line.export.recast["consents"] == json.loads(WRITTEN[-1][1]["consent"])
