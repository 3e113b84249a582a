"""What a finished file says of itself: its credentials, its watermark, its line in the project's ledger.

Collects the facts from the project; how marks are made is the matter of `provenance`, when of `encode`.
"""

from __future__ import annotations

import getpass
import json
import shlex
import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import ConsentMissing, OptionInvalid, UnderstudyError
from understudy.events import Events, Notice
from understudy.files import said_plainly, write_bytes
from understudy.jobs.delivery.consents import reading_evidence
from understudy.jobs.delivery.entering import enter
from understudy.jobs.delivery.whose_faces import clips_to_hash, learnt_from, performers_of
from understudy.jobs.merging.inputs import clip_sha256, clips_hashed, models_of_cast
from understudy.merging.delivery.options import EncodeOptions
from understudy.project.project import Project
from understudy.provenance import exports
from understudy.provenance.consent import Consent, Status, require_export_consent
from understudy.provenance.final import signed_and_verified
from understudy.provenance.ledger import LEDGER_NAME, ledger_of
from understudy.provenance.recast import LearntClip
from understudy.provenance.sign import (
    PaintingModel,
    SigningFacts,
    SourceClip,
    marked_input,
    marked_of,
    recast_of,
)
from understudy.provenance.studio_signer import signer_for
from understudy.training.keeping.learnt_from import LearntFrom

if TYPE_CHECKING:
    from understudy.merging.journal import MergeFacts


class FinalMarks:
    """The marks of one finished file, with a watermark number of its own; or the ledger's line on why it has
    none, where it stays in a closed production.
    """

    def __init__(self, project: Project, facts: SigningFacts, options: EncodeOptions) -> None:
        from understudy.merging.delivery.marking import carries_watermark
        from understudy.provenance.watermark.embed import Watermark
        from understudy.provenance.watermark.keys import OPEN, key_in_use
        from understudy.provenance.watermark.payload import name_of, new_number

        self._project, self._options = project, options
        facts = agreed_today(project, replace(facts, use=options.use))
        carries = carries_watermark(options)
        self._key = key_in_use() if carries else OPEN
        # The number is drawn anew for every export, so it is no part of what tells whether one is needed.
        # Nor is what a model is called now: its weights' hash names it, and marks keep the name it had then.
        told = asdict(_without_names(facts)) | ({} if self._key.is_open else {"watermark_key": self._key.name})
        # What lies in the project is named from there: where the project lies changes no file.
        self.stamp = json.dumps(told, default=partial(_from_project, project), sort_keys=True)
        self.watermark = Watermark(new_number(), key=self._key.secret) if carries else None
        self.facts = replace(facts, watermark=name_of(self.watermark.number) if self.watermark else "")
        self._is_made = False
        self._unmarked = unmarked_of(options)
        if self._unmarked is not None:
            require_unmarked_footage([facts.dst_clip, *([facts.plate.path] if facts.plate else [])])
        # What would stop the marks is told before the work, not after it.
        exports.require_ledger(project.exports_ledger)
        if self._unmarked is None:
            signer_for()

    def sign(self, unsigned: Path, signed: Path) -> Path | None:
        """Sign, read back, and enter into the project's ledger.

        Raises ConsentMissing where somebody took theirs back since the work began, and what
        `signed_and_verified` raises.
        """
        self.facts = agreed_today(self._project, self.facts)
        if self._unmarked is not None:
            _put_without_marks(unsigned, signed)
            self._enter(signed, marks=[], signer="")
            return None
        sidecar = signed_and_verified(unsigned, signed, self.facts, inputs=self._inputs())
        marks = ["content credentials"]
        marks += ["watermark"] if self.watermark else []
        marks += ["label"] if self._options.label_words() and self._options.content == "picture" else []
        self._enter(signed, marks=marks, signer=signer_for().name)
        return sidecar

    def _inputs(self) -> list[Path]:
        """What carries credentials of src's clips, where these are still what the models learnt from."""
        facts = self.facts
        used = {facts.dst_clip, *([facts.plate.path] if facts.plate else [])}
        learnt = {clip.sha256 for clip in facts.src if clip.sha256}
        marked = marked_inputs(self._project, facts.src)
        return [
            carrier
            for clip, carrier in marked.items()
            if clip not in used and clip_sha256(self._project, clip) in learnt
        ]

    def _enter(self, signed: Path, *, marks: list[str], signer: str) -> None:
        made = exports.export_of(
            signed,
            title=self.facts.title,
            recast=recast_of(self.facts),
            marks=marks,
            signer=signer,
            unmarked=self._unmarked,
        )
        enter(self._project, made)
        self._is_made = True

    def told(self, finished: Path) -> Events:
        """Say of a file that was made what its marks can't tell. The watermark is read out of it."""
        if not self._is_made:
            return
        if self._unmarked is not None:
            yield Notice(
                f"{finished.name} has no marks and must stay in the production; the ledger says why. What "
                "people are shown is encoded without --closed-production.",
                level="warning",
            )
        elif not self.facts.learnt_whole:
            yield Notice(
                f"It isn't recorded what all was learnt from to paint {finished.name}, and its marks say so. "
                "They name what is known of the models that have these names now, and all clips of their "
                "facesets."
            )
        if self.watermark is None:
            return
        from understudy.provenance.watermark.reading import read_watermark

        try:
            reading = read_watermark(finished, keys=[self._key], everywhere=False)
        except UnderstudyError:
            reading = None
        if reading is None or reading.found.number != self.watermark.number:
            yield Notice(
                f"The watermark can't be read back from {finished.name}: the picture is too small, too plain "
                "or too strongly compressed for it. The Content Credentials say what it is while they last.",
                level="warning",
            )


def require_closed_production(
    project: Project, clips: Sequence[str], goals: Sequence[Path], options: EncodeOptions
) -> None:
    """Raise OptionInvalid where one of the files shall go without marks and may not."""
    from understudy.merging.delivery.closed import require_intermediate
    from understudy.merging.delivery.effect import settled

    for goal in goals:
        require_intermediate(settled(options, goal), goal)
    if unmarked_of(options) is not None:
        require_unmarked_footage([project.clip_path(name) for name in clips])


def unmarked_of(options: EncodeOptions) -> exports.Unmarked | None:
    """Why marks are left out and who decided that; None where they aren't. Raises OptionInvalid."""
    if not options.closed_production:
        return None
    by = options.closed_production_by.strip()
    try:
        by = by or getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # a computer that knows no names
        raise OptionInvalid("Say with --closed-production-by who decided to leave out the marks.") from error
    return exports.Unmarked(reason=options.closed_production.strip(), by=by)


def require_unmarked_footage(clips: Sequence[Path]) -> None:
    """Raise OptionInvalid where footage has credentials, which a file without marks would take from it."""
    for marked in marked_of(clips):
        raise OptionInvalid(
            "This footage has Content Credentials of its own, and a file without marks would lose them. Leave "
            "out --closed-production.",
            marked,
        )


def _put_without_marks(made: Path, goal: Path) -> None:
    """The file as it was made; a folder gets its list of frames, unsigned, for the ledger to name."""
    if made.is_dir():
        write_bytes(goal / LEDGER_NAME, ledger_of(goal))
        return
    with said_plainly(goal):
        shutil.copyfile(made, goal)


def stated_consents(project: Project, performers: Collection[str] | None = None) -> dict[str, Consent]:
    """The consents of these performers, or of all, with their evidence hashed. Of somebody whom the project
    does not know any more nothing is stated.

    Raises ConsentMissing where an evidence is gone or can't be read, or isn't the one that was recorded.
    """
    known = project.consents()
    return {
        name: _with_evidence(project, name, known.get(name, Consent.model_validate({})))
        for name in (known if performers is None else performers)
    }


def _with_evidence(project: Project, performer: str, consent: Consent) -> Consent:
    if not consent.evidence:
        return consent
    path = project.folder / consent.evidence
    command = shlex.join(["understudy", "consent", str(project.folder), performer, "--evidence", "FILE"])
    with reading_evidence(performer, path):
        hashed = consent.with_evidence(path) if path.is_file() else None
    if hashed is None:
        raise ConsentMissing(
            f"The evidence of {performer}'s consent isn't there. Put the file there (in understudy.toml its "
            f"path counts from the project's folder{_recorded_as(consent)}), or record another with "
            f"`{command}`.",
            path,
        )
    if consent.evidence_sha256 not in (None, hashed.evidence_sha256):
        raise ConsentMissing(
            f"The evidence of {performer}'s consent is no longer the file that was recorded. Put the recorded "
            f"one back, or record this one with `{command}`.",
            path,
        )
    return hashed


def _recorded_as(consent: Consent) -> str:
    """How the file that is gone can be told among others, where the project or the file has moved."""
    return f"; its SHA-256 is {consent.evidence_sha256}" if consent.evidence_sha256 else ""


def require_consent(
    project: Project, *, use: str | None = None, performers: Collection[str] | None = None
) -> None:
    """Raise ConsentMissing unless a finished file that shows these performers, or all, may be made today, for
    `use` where one is asked for."""
    today = datetime.now(UTC).astimezone().date()
    agreed = stated_consents(project, performers)
    require_export_consent(agreed, today=today, use=use, project=str(project.folder))


def agreed_today(project: Project, facts: SigningFacts) -> SigningFacts:
    """The facts with what the performers agree to now, as the project on the disk says: while one shot is
    written, for hours, or others before it, somebody may take their consent back.

    Raises ConsentMissing, and ProjectInvalid where the project can't be read any more.
    """
    now, performers = Project.open(project.folder), list(facts.consents)
    require_consent(now, use=facts.use, performers=performers)
    return replace(facts, consents=stated_consents(now, performers))


def consent_troubles(project: Project, performers: Collection[str] | None = None) -> dict[str, str]:
    """Whose consent, of these performers or of all, would stop a finished file today, each with the sentence
    that says why."""
    troubles = {}
    for performer in project.manifest.performers if performers is None else performers:
        try:
            require_consent(project, performers=[performer])
        except ConsentMissing as error:
            troubles[performer] = str(error)
    return troubles


def consent_told(project: Project, performers: Collection[str]) -> Events:
    """Say before hours of work, which may go on, that nothing final can be made of it as things are."""
    for trouble in consent_troubles(project, performers).values():
        yield Notice(f"Nothing final can be made: {trouble}", level="warning")


def unstated_told(
    project: Project,
    model: str,
    clips: Sequence[str] = (),
    *,
    frames: str = "",
    before_training: bool = False,
) -> Events:
    """Say of whom in finished files of these dst clips, or of all, it isn't recorded whether they agreed, and
    which command records it. That stops nothing; the marks say it as it is."""
    recorded = consents_shown(project, model, clips, frames=frames, before_training=before_training)
    unstated = [performer for performer, status in recorded.items() if status == "not stated"]
    if unstated:
        folder = shlex.quote(str(project.folder))
        commands = [f"`understudy consent {folder} {shlex.quote(performer)}`" for performer in unstated]
        yield Notice(
            f"Nobody has recorded whether {' and '.join(unstated)} agreed, and what is finished says so. "
            f"Record it with {' and '.join(commands)}.",
            level="warning",
        )


def consents_shown(
    project: Project,
    model: str,
    clips: Sequence[str] = (),
    *,
    frames: str = "",
    before_training: bool = False,
) -> dict[str, Status]:
    """What is recorded of everybody in finished files of these dst clips, or of all: whether they agreed."""
    of_clips = [
        performers_shown(project, model, clip, frames=frames, before_training=before_training)
        for clip in clips or project.manifest.clips_of("dst")
    ]
    shown = {performer for each in of_clips for performer in each}
    return {name: consent.status for name, consent in project.consents().items() if name in shown}


def performers_shown(
    project: Project, model: str, clip: str, *, frames: str = "", before_training: bool = False
) -> list[str]:
    """Whose consent a finished file of this clip, or of these frames of it, needs: `whose_faces.performers_of`.

    Of a clip that is not merged yet, or with `before_training`, of everybody from whom the models that would
    paint it have learnt or would in their next training.
    """
    from understudy.merging.journal import is_complete, merge_facts

    merged = project.merged_folder(clip, project.merged_name(clip, model))
    if is_complete(merged, frames) and not before_training:
        made = merge_facts(merged, frames)
        return performers_of(project, _lessons(project, made, merged, hashed=False), [clip, made.plate])
    entry = project.manifest.clips[clip]
    names = dict.fromkeys((model, *models_of_cast(entry, model).values()))
    lessons = [learnt_from(project, name, and_next=True, hashed=False) for name in names]
    return performers_of(project, lessons, [clip])


def _lessons(project: Project, made: MergeFacts, merged: Path, *, hashed: bool = True) -> list[LearntFrom]:
    """What the models that painted had learnt from."""
    return [
        learnt_from(project, model.name, model.sha256, merged=merged, hashed=hashed) for model in made.models
    ]


def hashed_for_marks(project: Project, clip: str, merged: Path, *, frames: str = "") -> Events:
    """Hash the clips that the marks of a merged clip will name, and tell how far that is."""
    from understudy.merging.journal import merge_facts

    made = merge_facts(merged, frames)
    learnt = [
        name
        for model in made.models
        for name in clips_to_hash(project, model.name, model.sha256, merged=merged)
    ]
    names = [clip, *([made.plate] if made.plate in project.manifest.clips else []), *learnt]
    painted = learnt_clips(_lessons(project, made, merged, hashed=False), painted=True)
    clips = [project.clip_path(name) for name in names]
    yield from clips_hashed(project, [*clips, *marked_inputs(project, painted)])


def marked_inputs(project: Project, learnt: Sequence[LearntClip]) -> dict[Path, Path]:
    """The project's clips that may be these and carry credentials, each with what of it carries them. Whether
    they are these their hashes tell; few clips have credentials, and only those are hashed for it."""
    files = {clip.name for clip in learnt}
    paths = [path for name in project.manifest.clips if (path := project.clip_path(name)).name in files]
    found = {path: marked_input(path) for path in paths}
    return {path: carrier for path, carrier in found.items() if carrier is not None}


def _without_names(facts: SigningFacts) -> SigningFacts:
    more = [replace(model, name="") for model in facts.more_models]
    return replace(facts, model_name="", more_models=more)


def _from_project(project: Project, value: object) -> str:
    if isinstance(value, Path) and value.is_relative_to(project.folder):
        return value.relative_to(project.folder).as_posix()
    return str(value)


def facts_of(
    project: Project, model: str, clip: str, goal: Path, merged: Path, *, frames: str = ""
) -> SigningFacts:
    """What the marks of a whole clip, or of a stretch, will say, from what the merge wrote down."""
    from understudy.merging.journal import merge_facts

    made = merge_facts(merged, frames)
    lessons = _lessons(project, made, merged)
    dst = project.clip_path(clip)
    plate = project.clip_path(made.plate) if made.plate in project.manifest.clips else None
    return SigningFacts(
        title=goal.name,
        dst_clip=dst,
        dst_sha256=clip_sha256(project, dst),
        src=learnt_clips(lessons, painted=True),
        also_learnt=learnt_clips(lessons, painted=False),
        learnt_whole=all(each.is_whole for each in lessons),
        model_name=made.model_name if project.manifest.clips[clip].cast else model,
        model_sha256=made.model_sha256,
        model_iterations=made.model_iterations,
        consents=stated_consents(project, performers_of(project, lessons, [clip, made.plate])),
        frames_total=made.frames,
        frames_swapped=made.swapped,
        stretch=made.stretch,
        plate=SourceClip(plate, clip_sha256(project, plate)) if plate is not None else None,
        more_models=[PaintingModel(m.name, m.sha256, m.iterations) for m in made.models[1:]],
    )


def learnt_clips(lessons: Sequence[LearntFrom], *, painted: bool) -> list[LearntClip]:
    """The clips that models learnt from, each once: those of the face that is `painted`, or the others."""
    clips = [
        LearntClip(
            name=part.file or part.clip,
            sha256=part.sha256,
            performer=part.performer,
            faces=part.faces,
            model=part.model,
            fictional=part.fictional,
        )
        for each in lessons
        for part in each.footage
        if (part.side == "src") == painted
    ]
    return [clip for number, clip in enumerate(clips) if clip not in clips[:number]]
