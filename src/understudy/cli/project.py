"""`understudy new | add | relink | remove | duplicate | status | clean`: the project folder itself."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from understudy.cli.flags import Clips, DryRun, Json
from understudy.counts import counted
from understudy.media.rates import rate_words
from understudy.project.project import Project

Stage = Literal["extract", "train", "merge", "encode"]


def new(
    project: Path, /, *, src: Clips = (), dst: Clips = (), consent: str | None = None, name: str = ""
) -> None:
    """Make a project folder, with clips if they are named.

    Parameters
    ----------
    project:
        The folder to make.
    src:
        Footage of the performer whose face will be shown: videos or folders of images.
    dst:
        Footage that receives the face.
    consent:
        How both performers agreed: agreed, fictional, "not stated" or refused. Dates, scope and evidence go
        into understudy.toml.
    name:
        The project's name; the folder's when none is given.
    """
    from understudy.jobs.clips.adding import add_clips, require_usable, warnings_of

    require_usable(*src, *dst, consent=consent, project=project)
    made = Project.create(project, name=name)
    names = add_clips(made, src=src, dst=dst, consent=consent)
    print(f"made project: {made.folder}")
    for told in warnings_of(made, names):
        print(f"warning: {told}")


def add(
    project: Path,
    /,
    *,
    src: Clips = (),
    dst: Clips = (),
    consent: str | None = None,
    faceset: str = "main",
    color_space: str | None = None,
    ocio_config: str | None = None,
    fps: float | None = None,
) -> None:
    """Add clips to a project.

    Parameters
    ----------
    project:
        The project folder.
    src:
        Footage of the performer whose face will be shown.
    dst:
        Footage that receives the face.
    consent:
        How the performers of these clips agreed: agreed, fictional, "not stated" or refused.
    faceset:
        The performer's faceset that these clips' faces go to.
    color_space:
        What these clips' numbers are: PQ or HLG, or a space of the OpenColorIO config, as ACEScct or "ARRI
        LogC4"; also for clips that are there already.
    ocio_config:
        The OpenColorIO config that knows the project's colour spaces: a file, or ocio://NAME.
    fps:
        Frames a second of these folders of images, like 24 or 23.976; also for clips that are there already.
        0 goes back to what the images say themselves, or 25.
    """
    from understudy.errors import OptionInvalid
    from understudy.jobs.clips.adding import add_clips, warnings_of
    from understudy.jobs.clips.color_spaces import choose_color_space, require_color_space
    from understudy.jobs.clips.rates import choose_rate, require_rate

    if not (src or dst or color_space or ocio_config or fps is not None):
        raise OptionInvalid("Name the clips to add with --src or --dst.")
    opened = Project.open(project)
    if color_space:
        require_color_space(opened, color_space, config=ocio_config)
    if fps is not None:
        require_rate([*src, *dst], fps)
    known = set(opened.manifest.clips)
    names = add_clips(opened, src=src, dst=dst, consent=consent, faceset=faceset, tell=print)
    if color_space is not None or ocio_config is not None:
        choose_color_space(opened, names, name=color_space, config=ocio_config)
    if fps is not None:
        choose_rate(opened, names, fps)
    for name in names:
        clip = f"{opened.manifest.clips[name].role} clip {name}"
        print(f"{clip} is in the project already" if name in known else f"added {clip}")
        known.add(name)
    for told in warnings_of(opened, names):
        print(f"warning: {told}")


def remove(project: Path, clip: str, /) -> None:
    """Take a clip out of a project; what was made for it goes to the trash, its faces stay.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        The clip's name in the project.
    """
    from understudy.jobs.clips.adding import remove_clip

    for words in remove_clip(Project.open(project), clip):
        print(words)


def relink(
    project: Path,
    clip: str,
    path: Path,
    /,
    *,
    force: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Say where a clip lies now that was moved; its faces and all that was made of it stay.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        The clip's name in the project.
    path:
        Where the video or folder of images lies now.
    force:
        Take it also where it is another one than the project knows.
    dry_run:
        Only say whether it is the same and where it would lie.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.cli.show import run
    from understudy.jobs.clips.relink import relink as relink_clip

    run(relink_clip(Project.open(project), clip, path, force=force, dry_run=dry_run), json=json)


def duplicate(project: Path, copy: Path, /) -> None:
    """Copy a project with its faces, models and results, without its trash and logs.

    Parameters
    ----------
    project:
        The project folder.
    copy:
        The new folder.
    """
    from understudy.jobs.projects import duplicate_project

    print(f"made project: {duplicate_project(Project.open(project), copy).folder}")


def status(project: Path, /, *, json: Json = False) -> None:
    """Say what is done and what is next.

    Parameters
    ----------
    project:
        The project folder.
    json:
        Print everything as JSON.
    """
    from understudy.jobs.delivery.marks import consent_troubles
    from understudy.jobs.merging.standing import state_now

    opened = Project.open(project)
    state = state_now(opened)
    if json:
        import dataclasses
        from json import dumps

        print(dumps(dataclasses.asdict(state), indent=2, default=str, ensure_ascii=False))
        return
    print(f"{state.name}  {_size(state.size_bytes)}, trash {_size(state.trash_bytes)}  {state.folder}")
    for clip in state.clips:
        there = counted(clip.faces, "face") if clip.there else "the file is gone"
        print(f"  {clip.role} clip   {clip.name:<20} {there:<16} {_size(clip.size_bytes):>9}  {clip.path}")
        if clip.fps:
            print(f"             rate: {rate_words(clip.fps)} frames a second, as was said of it")
        if not clip.there:
            command = shlex.join(["understudy", "relink", str(project), clip.name, "NEW_PATH"])
            print(f"             note: `{command}` says where it lies now")
    for faceset in state.facesets:
        name = f"{faceset.performer}/{faceset.name}"
        line = counted(faceset.faces, "face")
        print(f"  faceset    {name:<20} {line:<16} {_size(faceset.size_bytes):>9}  {_when(faceset.changed)}")
        for notice in faceset.notices:
            print(f"             note: {notice}")
    for model in state.models:
        line = f"iteration {model.iteration}"
        print(f"  model      {model.name:<20} {line:<16} {_size(model.size_bytes):>9}  {_when(model.changed)}")
        if running := _training(opened.model_folder(model.name)):
            print(f"             {running}")
    for merged in state.merged:
        line = counted(merged.frames, "frame")
        name = f"{merged.clip} by {merged.model}"
        print(f"  merged     {name:<20} {line:<16} {_size(merged.size_bytes):>9}  {_when(merged.changed)}")
    for output in state.outputs:
        line = f"  finished   {output.path.name:<37} {_size(output.size_bytes):>9}  {_when(output.changed)}"
        print(f"{line}  {output.path}")
    for performer, trouble in consent_troubles(opened).items():
        print(f"  consent    {performer:<20} nothing final can be made: {trouble}")
    model = ["--model", state.next_model] if state.next_model else []
    if state.train_on:
        print(f"next: {shlex.join(['train', *model])}, {state.next_why}, but {state.train_on}")
    else:
        command = shlex.join([state.next_stage or "nothing", *state.next_clips, *model])
        print(f"next: {command}, {state.next_why}")


def clean(
    project: Path,
    stage: Stage,
    /,
    *,
    undo: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
) -> None:
    """Move what a stage made to the project's trash; nothing is deleted.

    Parameters
    ----------
    project:
        The project folder.
    stage:
        Whose work to take back: extract, train, merge or encode.
    undo:
        Move what went the last time back to where it lay; what was made there since goes to the trash, and
        comes back with the next --undo.
    dry_run:
        Only say what would go, or come back.
    """
    from understudy.project.cleaning import bring_back
    from understudy.project.cleaning import clean as take_back

    opened = Project.open(project)
    command = shlex.join(["understudy", "clean", str(project), stage, "--undo"])
    if undo:
        returns = bring_back(opened, stage, dry_run=dry_run)
        for one in returns:
            lies = (
                f"; what was made there since is in the trash, as {one.replaced.name}" if one.replaced else ""
            )
            print(f"{'would move' if dry_run else 'moved'} back: {one.path}{lies}")
        if any(one.replaced for one in returns):
            print(f"`{command}` brings that back and puts this away again")
        return
    removals = take_back(opened, stage, dry_run=dry_run)
    for removal in removals:
        word = "would move" if dry_run else "moved"
        lies = f", as {removal.trashed.path.name}" if removal.trashed else ""
        print(f"{word} to the trash: {removal.path} ({_size(removal.size_bytes)}){lies}")
    if not removals:
        print(f"{stage} has made nothing yet.")
    elif not dry_run:
        print(f"`{command}` brings it back")


def _training(model_folder: Path) -> str:
    """Who trains a model now and how far that is, which its checkpoints don't say; empty where nobody does."""
    from understudy.training.keeping.lock import holder_of
    from understudy.training.keeping.status import read_status

    holder, said = holder_of(model_folder), read_status(model_folder) or {}
    at = f" at iteration {said['iteration']}" if "iteration" in said else ""
    return f"in use{at}: {holder.words}" if holder else ""


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "not yet"
