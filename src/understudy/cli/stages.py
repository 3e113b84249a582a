"""`understudy extract | train | merge | encode`: the stages one by one, on a project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from understudy.cli.flags import TRAINING, DryRun, Json, Network, Parts, Sets
from understudy.cli.show import run, tell
from understudy.errors import OptionInvalid, UnderstudyError
from understudy.events import Events, Notice
from understudy.facesets.extraction.options import ExtractOptions
from understudy.geometry import FaceType
from understudy.jobs.stopping import joined
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.merging.settings_over_time import Ease
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.training.keeping.requests import PlainWish
from understudy.training.keeping.requests import ask as ask_for
from understudy.training.options import TrainOptions
from understudy.training.steering.options import RateSearchOptions

_SEARCH_STOPPED = "Stopped. The model is as it was; the search for a rate begins anew when it is run again."
# What each key asks of a training at a terminal; Enter stops it too.
_KEYS: dict[str, PlainWish] = {"s": "save", "p": "preview", "f": "finish", "b": "backup", "q": "stop"}


def extract(
    project: Path,
    /,
    *clips: str,
    device: str = "auto",
    src_face: int | None = None,
    dst_face: int | None = None,
    faceset: str | None = None,
    redo_deleted: bool = False,
    trust: Annotated[bool, Parameter(negative="")] = False,
    track: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    json: Json = False,
    options: Annotated[ExtractOptions, Parameter(name="*", group="Extracting")] = ExtractOptions(),
) -> None:
    """Find the faces of a project's clips and store them in its facesets.

    Parameters
    ----------
    project:
        The project folder.
    clips:
        Names of clips in the project. Without any: all.
    device:
        Where to compute: auto, cpu, cuda:1, mps, xpu; several with commas, or cuda for every one there is.
    src_face:
        Which person of the src clips, by number, where several are seen.
    dst_face:
        Which person of the dst clips, by number, where several are seen.
    faceset:
        Put these clips' faces into the faceset of this name of their performer, now and, once all are there,
        later.
    redo_deleted:
        Look again, with the options said now, at frames whose overlays you deleted; replace their faces.
    trust:
        Run weights that are programs (TorchScript), because you trust where you have them from.
    track:
        What to do with the clip's tracks, by their numbers: choose:3 takes these alone, drop:5, merge:1+4,
        split:2@120. May be given several times, is kept in understudy.toml and adds to what is there; none
        forgets all. `understudy tracks` lists them.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs import stages

    opened = Project.open(project)
    before = stages.choose_faces(opened, clips, src=src_face, dst=dst_face)
    said = options.model_dump(exclude_unset=True)
    if track:
        from understudy.jobs.frames.tracks import extract_with_edits

        events = extract_with_edits(
            opened,
            clips,
            track,
            said=said,
            device=device,
            faceset=faceset,
            trust=trust,
            redo_deleted=redo_deleted,
            faces_before=before,
        )
    else:
        events = stages.extract(
            opened,
            clips=clips,
            said=said,
            device=device,
            faceset=faceset,
            redo_deleted=redo_deleted,
            trust=trust,
            faces_before=before,
        )
    run(events, json=json)


def train(
    project: Path,
    /,
    *,
    model: str | None = None,
    preset: str | None = None,
    network: Network = (),
    face_type: FaceType | None = None,
    start_from: str | None = None,
    parts: Parts = (),
    src_faceset: Sets = (),
    dst_faceset: Sets = (),
    device: str = "auto",
    processes: int = 1,
    show_samples: Annotated[int | None, Parameter(validator=Number(gte=1, lte=64))] = None,
    finish: Annotated[bool, Parameter(negative="")] = False,
    ask: PlainWish | None = None,
    change: Annotated[bool, Parameter(negative="")] = False,
    reset: Sets = (),
    find_rate: Annotated[bool, Parameter(negative="")] = False,
    set_rate: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    options: Annotated[TrainOptions, Parameter(name="*", group=TRAINING)] = TrainOptions(),
    search: Annotated[RateSearchOptions, Parameter(name="*", group="Finding a rate")] = RateSearchOptions(),
) -> int:
    """Train a model, or go on training it.

    Parameters
    ----------
    project:
        The project folder.
    model:
        Name of the model; one that isn't there yet is made. Without it: main, unless the project has models and
        none is called so.
    preset:
        Which network and settings a new model takes; `understudy model presets` lists them.
    network:
        Settings of a new model's network, like ae_dims=256 e_dims=64; `understudy model architectures NAME`
        lists them with their ranges. They can't change later.
    face_type:
        How much of the head a new model sees and paints, where it is not to be as the preset says.
    start_from:
        Begin a new model with what another one has learnt: a model of this project, or the folder of any.
    parts:
        Which parts to take from it: encoder, inter, decoder, or one like decoder_src. Without it: all that fit.
    src_faceset:
        Facesets to learn src from, like src/main src/close; kept for the model. Without it: those kept, or
        all that hold a src clip.
    dst_faceset:
        Facesets to learn dst from; one without a clip is learnt from but never merged.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu. With several processes a kind of accelerator, or
        auto, gives each its own.
    processes:
        Train with so many processes of this computer, one for each GPU for example; a batch is shared out among
        them. For several computers start this command with torchrun on each, all of them seeing the project.
    show_samples:
        Write a sheet of so many faces of each performer as the network is fed them, and train nothing.
    finish:
        Let the training that runs in another window settle and end; where none runs, do it here and now.
    ask:
        Train nothing here; ask the training that runs in another window: save (a checkpoint, now), preview (one
        that is kept), look (a preview that the next look replaces), backup, finish (settle, save and end) or
        stop (save and end).
    change:
        Train nothing here; keep the options said for this model, and let the training that runs in another
        window take over at once those that may change while it runs.
    reset:
        With --change: options that go back to what the project and the preset say, like learning_rate.
    find_rate:
        Train nothing; try learning rates from tiny to far too large, write the curve as a picture, and advise.
    set_rate:
        With --find-rate: let this model train with the rate that was found.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs import stages
    from understudy.jobs.models import making
    from understudy.training.machine.launch import is_follower, is_one_of_several, launch, own_command

    model = making.model_meant(Project.open(project), model)
    facesets: dict[Role, Sequence[str]] = {"src": src_faceset, "dst": dst_faceset}
    opened, is_new = _with_model(
        project, model, preset=preset, network=network, face_type=face_type, facesets=facesets
    )
    searched = search if find_rate or set_rate else None
    if searched is not None and (processes > 1 or is_one_of_several()):
        raise OptionInvalid("A rate is searched for by one process. Leave --processes out for the search.")
    with making.forgotten_if_unmade(opened, model, is_new=is_new):
        if not is_follower():
            stages.choose_facesets(opened, model, src=src_faceset, dst=dst_faceset)
        if processes > 1 and not is_one_of_several():
            _say_where_new(opened, model, is_new=is_new)
            return launch(own_command(), processes)
        said = options.model_dump(exclude_unset=True)
        if ask or change or reset:
            return _asked(opened, model, ask, said | _taken_back(reset), is_new=is_new, json=json)
        stage = _stage_meant(finish=finish, search=searched, keep_rate=set_rate, show_samples=show_samples)
        events = stage(opened, model, said=said, device=device)
        if start_from is not None and not is_follower():
            if not finish and searched is None and show_samples is None:
                stages.check_recipe(opened, model, said=said)  # before the model is made
            events = joined(making.start_from(opened, model, start_from, parts=parts, said=said), events)
        run(
            _announced(events, opened, model, is_new),
            json=json,
            wishes=_wishes(opened.model_folder(model)),
            stopped=_SEARCH_STOPPED if searched is not None else "",
        )
    return 0


def _with_model(
    project: Path,
    model: str,
    *,
    preset: str | None,
    network: Sequence[str],
    face_type: FaceType | None,
    facesets: Mapping[Role, Sequence[str]],
) -> tuple[Project, bool]:
    """The project with the model in its manifest, and whether that is new there. Of several processes the one
    that leads them notes it; the others wait for that. Raises what noting it raises."""
    from understudy.jobs.models import making
    from understudy.training.machine.launch import is_follower

    settings = making.settings_said(network)
    if is_follower():
        noted = making.await_model(
            project, model, preset=preset, network=settings, face_type=face_type, facesets=facesets
        )
        return noted, False
    opened = Project.open(project)
    return opened, making.require_model(opened, model, preset=preset, network=settings, face_type=face_type)


def _stage_meant(
    *, finish: bool, search: RateSearchOptions | None, keep_rate: bool, show_samples: int | None
) -> Callable[..., Events]:
    """Settling, looking for a rate, or training; each takes the same."""
    from understudy.jobs import stages
    from understudy.jobs.models import steering

    if finish:
        return steering.finish
    if search is not None:
        return partial(steering.find_rate, search=search, keep=keep_rate)
    return partial(stages.train, show_samples=show_samples)


def _say_where_new(project: Project, model: str, *, is_new: bool) -> None:
    if is_new:
        print(_new_told(project, model), file=sys.stderr)


def _new_told(project: Project, model: str) -> str:
    return f"model {model} is new: preset {project.manifest.models[model].preset}"


def _announced(events: Events, project: Project, model: str, is_new: bool) -> Events:
    """The same events; that the model is new is said as soon as it has a folder, or at the end. A training
    that is refused before forgets it (`making.forgotten_if_unmade`), and then there is nothing new."""
    try:
        for event in events:
            if is_new and project.model_folder(model).exists():
                yield Notice(_new_told(project, model))
                is_new = False
            yield event
        if is_new:
            yield Notice(_new_told(project, model))
    finally:
        events.close()  # type: ignore[attr-defined]  # stages are generators


def _asked(
    project: Project, model: str, wish: PlainWish | None, changes: dict[str, Any], *, is_new: bool, json: bool
) -> int:
    """Ask the training that runs elsewhere, and say so."""
    from understudy.jobs.models import steering

    told = [steering.change(project, model, changes).words] if changes else []
    if wish:
        steering.wish(project, model, wish)
        told.append(f"Asked the training of model {model} to {wish}.")
    tell(told, json=json)
    _say_where_new(project, model, is_new=is_new)
    return 0


def _taken_back(names: Sequence[str]) -> dict[str, None]:
    return dict.fromkeys(name.replace("-", "_") for name in names)


def _wishes(folder: Path) -> dict[str, tuple[str, Callable[[], object]]]:
    return {key: (wish, partial(ask_for, folder, wish)) for key, wish in _KEYS.items()}


def _one_frame(_: object, tokens: Sequence[Token]) -> int:
    """The number of a frame. Raises ValueError that says what is wrong with a stretch."""
    said = tokens[0].value
    if not said.isascii() or not said.isdigit():
        raise ValueError(f"--explain takes one frame, like 4, not {said!r}.")
    return int(said)


def merge(
    project: Path,
    /,
    *clips: str,
    model: str = "main",
    device: str = "auto",
    frames: str = "",
    changed: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    save: Annotated[bool, Parameter(negative="")] = False,
    key: Ease | None = None,
    preset: str = "",
    explain: Annotated[int | None, Parameter(validator=Number(gte=0), converter=_one_frame)] = None,
    json: Json = False,
    options: Annotated[MergeOptions, Parameter(name="*", group="Merging")] = MergeOptions(),
) -> None:
    """Paint a trained model into the dst clips; frames that are up to date are kept.

    Parameters
    ----------
    project:
        The project folder.
    clips:
        Names of dst clips in the project. Without any: all.
    model:
        Name of the model; in a clip with a cast, of everybody the cast does not name.
    device:
        Where to compute: auto, cpu, cuda:1, mps, xpu; several with commas, or cuda for every one there is.
    frames:
        Only these frames of one clip, like 120:160 (both included), 300 or 900:, with commas between several;
        only `clip cut --to` leaves its last frame out. Options that are said count for them alone. Frames
        made before that are steadied with them are made again too.
    changed:
        Only frames that were made before and would be made otherwise now.
    dry_run:
        Only say how many frames would be made, and why.
    save:
        Keep the options that are said in understudy.toml: for the frames of --frames, or for the whole clip.
    key:
        Keep the options that are said as key frames at the frames of --frames, and merge what they change.
        Numbers go from key to key as this says; all else holds until the next.
    preset:
        Take the options of this merge preset; what is said beside it wins. `understudy preset list` shows them.
    explain:
        Merge nothing; write every step of this frame, with the options said, as a picture with its numbers into
        the project's folder explained. It is said without --frames, --changed, --dry-run, --save and --key.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs import stages

    if explain is not None:
        merging = {"--frames": frames, "--changed": changed, "--dry-run": dry_run, "--save": save, "--key": key}
        beside = " and ".join(flag for flag, given in merging.items() if given)
        if beside:
            raise OptionInvalid(
                f"--explain merges nothing and looks at one frame, with the options said: leave out {beside}."
            )
    opened, said = Project.open(project), options.model_dump(exclude_unset=True)
    if preset:
        from understudy.jobs.presets import preset_options

        said = {**preset_options(opened, "merge", preset), **said}
    if explain is not None:
        from understudy.jobs.merging.explain import explain as explain_frame

        run(explain_frame(opened, model, clips=clips, frame=explain, said=said, device=device), json=json)
        return
    events = stages.merge(
        opened,
        model,
        clips=clips,
        said=said,
        device=device,
        frames=frames,
        changed=changed,
        dry_run=dry_run,
        save=save,
        key=key,
    )
    run(events, json=json)


def encode(
    project: Path,
    /,
    *clips: str,
    model: str = "main",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    dry_run: DryRun = False,
    json: Json = False,
    options: Annotated[EncodeOptions, Parameter(name="*", group="Encoding")] = EncodeOptions(),
) -> int | None:
    """Encode and sign the finished clips, with dst's own timing, colours and sound.

    Parameters
    ----------
    project:
        The project folder.
    clips:
        Names of dst clips in the project. Without any: all.
    model:
        Name of the model whose merged frames are taken.
    out:
        The finished file; a folder when there are several clips. Without it: the project's folder `out`.
    dry_run:
        Write nothing; say what would be written into the project's folder `out`, what its credentials would
        state, how many frames are not as the settings kept now make them, and what would stop it: then the
        exit code is 2.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs import stages
    from understudy.jobs.delivery import finished_files, marks
    from understudy.project.unknown import named_clips
    from understudy.provenance.words import as_json

    said, opened = options.model_dump(exclude_unset=True), Project.open(project)
    if dry_run:
        names, is_stopped = named_clips(opened, clips, role="dst"), False
        for clip in names:
            name = out.name if out and len(names) == 1 else ""
            told = finished_files.outlook_with_frames(opened, model, clip, said=said, name=name)
            is_stopped = is_stopped or bool(told["blocks"])
            print(as_json(told) if json else "\n".join(finished_files.outlook_words(told)))
        return UnderstudyError.exit_code if is_stopped else None
    encoded = stages.encode(opened, model, clips=clips, out=out, said=said)
    run(joined(encoded, marks.unstated_told(opened, model, clips, frames=options.frames)), json=json)
    return None
