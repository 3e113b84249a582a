"""Hand a trained model to other programs. Who may is asked first, as for a finished shot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy import __version__
from understudy.errors import OptionInvalid
from understudy.events import Events, Made, Notice, StageFinished, StageStarted
from understudy.files import move_to_trash, sha256_of
from understudy.jobs.delivery.entering import enter
from understudy.jobs.delivery.marks import learnt_clips, require_consent, stated_consents
from understudy.jobs.delivery.whose_faces import clips_to_hash, learnt_from, performers_of
from understudy.jobs.merging.inputs import clips_hashed
from understudy.project.project import Project
from understudy.project.unknown import model_named
from understudy.provenance import exports
from understudy.provenance.consent import Consent
from understudy.provenance.recast import UsedModel, with_fictional

if TYPE_CHECKING:  # they take seconds to import
    from understudy.training.exchange.dfm import Exported
    from understudy.training.keeping.about import ModelAbout

STAGE = "export"
_ENDINGS = (".dfm", ".onnx")


def export_dfm(project: Project, model: str, *, out: Path | None = None, use: str = "") -> Events:
    """Write the averaged weights of a model as a `.dfm` for live programs: to `out`, or the project's folder
    `out`. What lies there already goes to the trash. `use` is what it is for, where performers agreed to named
    uses. The project's ledger of exports gets a line.

    Raises ConsentMissing before anything is done, and before anything stands under the file's name where
    somebody took theirs back meanwhile; ModelUnknown, CheckpointCorrupt, PackageMissing, ExchangeRefused,
    OptionInvalid, DiskFull or FolderUnwritable.
    """
    from understudy.networks.catalog import build
    from understudy.training.exchange.dfm import require_exporter, write_dfm
    from understudy.training.keeping.starting import source_in

    model_named(project, model)
    performers = performers_of(project, [learnt_from(project, model, hashed=False)], [])
    require_consent(project, use=use, performers=performers)
    exports.require_ledger(project.exports_ledger)
    require_exporter()
    path = out or project.out_folder / f"{model}.dfm"
    if path.is_dir() or path.suffix.lower() not in _ENDINGS:
        raise OptionInvalid(f"Name a file that ends in {' or '.join(_ENDINGS)}, like main.dfm.", path)
    source = source_in(project.model_folder(model))
    yield StageStarted(stage=STAGE, unit="model", total=1, why=f"model {model} at iteration {source.iteration}")
    network = build(source.about.architecture, source.about.network)
    network.load_state_dict(dict(source.weights))
    clips = clips_to_hash(project, model, source.sha256)
    yield from clips_hashed(project, [project.clip_path(name) for name in clips])
    aside = path.with_name(f".{path.name}.new")
    used = UsedModel(name=model, sha256=source.sha256, iterations=source.iteration)
    about = {
        "made_by": f"understudy {__version__}",
        "model": model,
        "model_sha256": source.sha256,
        "model_iterations": str(source.iteration),
        "face_type": source.about.face_type,
        "notice": "Made for performers who agreed. What it paints is not footage of a real event.",
    }
    consents = _agreed_now(project, performers, use=use)
    try:
        while True:
            metadata = {**about, "consent": json.dumps(_for_marks(consents))}
            exported, before = write_dfm(network, aside, metadata=metadata), consents
            consents = _agreed_now(project, performers, use=use)
            if consents == before:  # else it says what is no longer so
                break
        _enter(project, aside, title=path.name, used=used, consents=consents, use=use)
        if path.exists():
            move_to_trash(path, project.trash.folder)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    yield from _told(exported, path, source.about)


def _agreed_now(project: Project, performers: Sequence[str], *, use: str) -> dict[str, Consent]:
    """What they agree to as the project on the disk says it, which may have changed since the export began.
    Raises ConsentMissing, and ProjectInvalid where the project can't be read any more."""
    now = Project.open(project.folder)
    require_consent(now, use=use, performers=performers)
    return stated_consents(now, performers)


def _told(exported: Exported, path: Path, about: ModelAbout) -> Events:
    """What is to be known of the file that was made."""
    if exported.difference is None:
        yield Notice(
            "The file was not tried, because onnxruntime is not installed: pip install onnxruntime",
            level="warning",
        )
    yield Made("model for live programs", path)
    summary = {
        "out": str(path),
        "size_mb": round(exported.size_bytes / 1e6, 1),
        "opset": exported.opset,
        "face_type": about.face_type,
        "size_px": about.size_px,
        "difference": exported.difference,
    }
    yield StageFinished(stage=STAGE, summary=summary)


def _enter(
    project: Project, made: Path, *, title: str, used: UsedModel, consents: Mapping[str, Consent], use: str
) -> None:
    lessons = [learnt_from(project, used.name, used.sha256)]
    told = {
        "model": used.model_dump(mode="json"),
        **{
            name: [clip.model_dump(mode="json") for clip in with_fictional(clips, consents)]
            for name, clips in (
                ("src", learnt_clips(lessons, painted=True)),
                ("also_learnt", learnt_clips(lessons, painted=False)),
            )
        },
        "learnt_whole": lessons[0].is_whole,
        "use": use,
        "consents": _for_marks(consents),
    }
    line = exports.Export(
        at=datetime.now(UTC), file=title, sha256=sha256_of(made), marks=["notice"], recast=told
    )
    enter(project, line)


def _for_marks(consents: Mapping[str, Consent]) -> dict[str, Any]:
    """What they agreed to, as the marks of a finished shot say it."""
    return {name: consent.for_marks() for name, consent in consents.items()}
