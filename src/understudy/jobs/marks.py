"""What a finished file says of itself: its credentials, its watermark, its line in the project's ledger.

Collects the facts from the project; how marks are made is the matter of `provenance`, when of `encode`.
"""

from __future__ import annotations

import getpass
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from understudy.errors import ConsentMissing, OptionInvalid, UnderstudyError
from understudy.events import Events, Notice
from understudy.files import said_plainly, write_bytes
from understudy.jobs.merging import clip_sha256
from understudy.merging.delivery.options import EncodeOptions
from understudy.project.lock import exclusive
from understudy.project.project import Project
from understudy.provenance import exports
from understudy.provenance.consent import Consent, require_export_consent
from understudy.provenance.final import signed_and_verified
from understudy.provenance.ledger import LEDGER_NAME, ledger_of
from understudy.provenance.sign import PaintingModel, SigningFacts, SourceClip, marked_of, recast_of
from understudy.provenance.studio_signer import signer_for


class FinalMarks:
    """The marks of one finished file, with a watermark number of its own; or the ledger's line on why it has
    none, where it stays in a closed production.
    """

    def __init__(self, project: Project, facts: SigningFacts, options: EncodeOptions) -> None:
        from understudy.merging.delivery.marking import carries_watermark
        from understudy.provenance.watermark.embed import Watermark
        from understudy.provenance.watermark.payload import name_of, new_number

        self._project, self._options = project, options
        facts = replace(facts, use=options.use)
        # The number is drawn anew for every export, so it is no part of what tells whether one is needed.
        self.stamp = json.dumps(asdict(facts), default=str, sort_keys=True)
        self.watermark = Watermark(new_number()) if carries_watermark(options) else None
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
        """Sign, read back, and enter into the project's ledger. Raises what `signed_and_verified` raises."""
        if self._unmarked is not None:
            require_consent(self._project, use=self._options.use)
            _put_without_marks(unsigned, signed)
            self._enter(signed, marks=[], signer="")
            return None
        sidecar = signed_and_verified(unsigned, signed, self.facts)
        marks = ["content credentials"]
        marks += ["watermark"] if self.watermark else []
        marks += ["label"] if self._options.label_words() and self._options.content == "picture" else []
        self._enter(signed, marks=marks, signer=signer_for().name)
        return sidecar

    def _enter(self, signed: Path, *, marks: list[str], signer: str) -> None:
        made = exports.export_of(
            signed,
            title=self.facts.title,
            recast=recast_of(self.facts),
            marks=marks,
            signer=signer,
            unmarked=self._unmarked,
        )
        with exclusive(self._project.ledger_lock):
            exports.append(self._project.exports_ledger, made)
            exports.remember_ledger(self._project.exports_ledger)
        self._is_made = True

    def told(self, finished: Path) -> Events:
        """Read the watermark out of the finished file, where one was made, and say so where that fails."""
        if self._is_made and self._unmarked is not None:
            yield Notice(
                f"{finished.name} has no marks and must stay in the production; the ledger says why. What "
                "people are shown is encoded without --closed-production.",
                level="warning",
            )
        if not self._is_made or self.watermark is None:
            return
        from understudy.provenance.watermark.reading import read_watermark

        try:
            reading = read_watermark(finished, everywhere=False)
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


def stated_consents(project: Project) -> dict[str, Consent]:
    """Every performer's consent with its evidence hashed.

    Raises ConsentMissing where that file is gone, or is another than the one that was recorded.
    """
    return {name: _with_evidence(project, name, consent) for name, consent in project.consents().items()}


def _with_evidence(project: Project, performer: str, consent: Consent) -> Consent:
    if not consent.evidence:
        return consent
    path = project.folder / consent.evidence
    hashed = consent.with_evidence(path)
    if consent.evidence_sha256 not in (None, hashed.evidence_sha256):
        raise ConsentMissing(
            f"The evidence of {performer}'s consent is no longer the file that was recorded. Put the recorded "
            "one back, or record this one with `understudy consent`.",
            path,
        )
    return hashed


def require_consent(project: Project, *, use: str | None = None) -> None:
    """Raise ConsentMissing unless a finished file may be made today, for `use` where one is asked for."""
    today = datetime.now(UTC).astimezone().date()
    require_export_consent(stated_consents(project), today=today, use=use)


def facts_of(project: Project, model: str, clip: str, goal: Path, merged: Path) -> SigningFacts:
    """What the marks will say, from what the merge wrote down."""
    from understudy.merging.journal import merge_facts

    made = merge_facts(merged)
    src = [project.clip_path(name) for name in project.manifest.clips_of("src")]
    dst = project.clip_path(clip)
    plate = project.clip_path(made.plate) if made.plate in project.manifest.clips else None
    return SigningFacts(
        title=goal.name,
        dst_clip=dst,
        dst_sha256=clip_sha256(project, dst),
        src_clips=[SourceClip(path, clip_sha256(project, path)) for path in src],
        model_name=made.model_name if project.manifest.clips[clip].cast else model,
        model_sha256=made.model_sha256,
        model_iterations=made.model_iterations,
        consents=stated_consents(project),
        frames_total=made.frames,
        frames_swapped=made.swapped,
        plate=SourceClip(plate, clip_sha256(project, plate)) if plate is not None else None,
        more_models=[PaintingModel(m.name, m.sha256, m.iterations) for m in made.models[1:]],
    )
