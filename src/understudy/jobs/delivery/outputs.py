"""Where a project's finished files go, and what may be asked of them.

Not here: what is encoded (`stages.encode`), which of these files are there (`finished_files`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.jobs.delivery.marks import require_closed_production
from understudy.jobs.settings import Said, encode_options
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.frame_ranges import in_a_name, parse_frames
from understudy.options import require_effect
from understudy.project.project import Project
from understudy.project.unknown import named_clips


def require_outputs(
    project: Project, model: str, *, clips: Sequence[str], out: Path | None, said: Said
) -> None:
    """Raise OptionInvalid or FolderUnwritable where a finished file could not be made or would replace footage;
    asked before the hours of training that lead to it."""
    from understudy.merging.delivery.effect import settled
    from understudy.merging.delivery.places import require_safe_output

    names = named_clips(project, clips, role="dst")
    options = encode_options(project, said)
    goals = output_paths(project, model, names, out, options=options)
    require_clips_effect(project, names, goals, said)
    require_closed_production(project, names, goals, options)
    for goal in goals:
        require_safe_output(goal, keep=footage_of(project), codec=settled(options, goal).codec)


def require_clips_effect(project: Project, names: Sequence[str], goals: Sequence[Path], said: Said) -> None:
    """Raise OptionInvalid for what was said and does nothing for any clip; a project's own settings may."""
    from understudy.merging.delivery.effect import settled, without_effect

    options = encode_options(project, said)
    idle = [
        without_effect(settled(options, goal), goal, from_images=project.clip_path(name).is_dir())
        for name, goal in zip(names, goals, strict=True)
    ]
    require_effect(said, {each: why for each, why in idle[0].items() if all(each in other for other in idle)})


def footage_of(project: Project) -> list[Path]:
    """The files of all clips, which no finished file may replace."""
    return [project.clip_path(name) for name in project.manifest.clips]


def output_paths(
    project: Project, model: str, clips: Sequence[str], out: Path | None, *, options: EncodeOptions
) -> list[Path]:
    """Where each clip's finished file goes. A folder of images becomes one, unless a container is chosen. None
    takes the place of what another model, or another clip, became.

    Raises OptionInvalid where `out` is one file and there are several clips."""
    from understudy.merging.delivery.effect import usual_ending

    if out is not None and len(clips) == 1:
        return [out]
    if out is not None and out.suffix and not out.is_dir():
        raise OptionInvalid(f"There are {len(clips)} dst clips, so name a folder for the finished files.", out)
    folder = out or project.out_folder
    what = options.purpose or ("" if options.content == "picture" else options.content)
    of = f"-{what}" if what else ""
    of += f"-{in_a_name(parse_frames(options.frames))}" if options.frames else ""
    return [
        _place_in(folder, project, name, model, f"{of}{usual_ending(options, project.clip_path(name))}")
        for name in clips
    ]


def _place_in(folder: Path, project: Project, clip: str, model: str, ending: str) -> Path:
    called = project.merged_name(clip, model)
    place, merged = folder / f"{clip}-{called}{ending}", project.merged_folder(clip, called)
    if place.exists() and not DeliveryMemory(merged).knows(place) and _is_of_others(project, place):
        return folder / f"{clip}--{called}{ending}"  # "a-b" by "c" would have the place of "a" by "b-c"
    return place


def _is_of_others(project: Project, place: Path) -> bool:
    """Whether this is a finished file of the project."""
    memories = (DeliveryMemory(path.parent) for path in project.folder.glob("merged/*/*/encode.json"))
    return any(memory.knows(place) for memory in memories)
