"""Look at single frames of a project as a merge makes them: previews for the studio, explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from understudy.errors import OptionInvalid
from understudy.events import Events, Made, Notice, StageFinished, StageStarted
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.merging.footage import footage_told
from understudy.jobs.merging.inputs import cast_of, cuts_of, plate_of, settings_over_time
from understudy.jobs.settings import Said
from understudy.project.project import Project
from understudy.project.unknown import clip_named

if TYPE_CHECKING:
    from understudy.merging.preview import FramePreviews
    from understudy.networks.swap import Predictor

STAGE = "explain"


@contextmanager
def previews_of(
    project: Project,
    model: str,
    clip: str,
    *,
    said: Said,
    device: str,
    load: Callable[[str], Predictor] | None = None,
) -> Iterator[FramePreviews]:
    """A clip's frames, ready to be shown under any settings; models are loaded once.

    `said` counts for what can't change between frames; `load` gives a model by its name to whoever has it
    loaded already. Raises ModelUnknown, CastInvalid, ClipUnreadable.
    """
    from understudy.merging.preview import FramePreviews
    from understudy.training.predictor import load_predictor

    if load is None:
        load = lambda name: load_predictor(project.model_folder(name), device=device)  # noqa: E731
    cast = cast_of(project, clip, model, load=load)
    settings = settings_over_time(project, clip, said)
    with project.faceset(*project.faceset_of_clip(clip)) as faceset:
        stored = faceset.faces()
    with FramePreviews(
        project.present_clip_path(clip),
        stored=stored,
        predictor=cast,
        clip_name=clip,
        shots=cuts_of(project, clip) or (),
        plate=plate_of(project, settings.base.plate) if settings.base.plate else None,
        color_space=color_space_of(project, clip),
    ) as previews:
        yield previews


def explain(
    project: Project, model: str, *, clips: Sequence[str], frame: int, said: Said, device: str
) -> Events:
    """Write every step of one frame's merge into the project's folder `explained`; nothing is merged.

    Raises OptionInvalid for a frame outside the clip or where several clips could be meant, and ClipDiffers
    where its faces are of other footage.
    """
    from understudy.merging.explain import explained, write_explanation
    from understudy.merging.pictures import HULL_STANDS_IN
    from understudy.training.machine.device import choose_devices

    known = list(project.manifest.clips_of("dst"))
    names = list(clips) or known
    if len(names) != 1:
        raise OptionInvalid(f"--explain is about one dst clip; name it. The project has {', '.join(known)}.")
    clip_named(project, names[0], "dst")
    clip = names[0]
    yield StageStarted(stage=STAGE, unit="frames", total=1)
    for text in footage_told(project, clip):
        yield Notice(text=text, level="warning")
    on = choose_devices(device)[0]
    with previews_of(project, model, clip, said=said, device=device) as previews:
        explanation = explained(previews, frame, settings_over_time(project, clip, said, device=on))
    folder = project.explained_folder / clip / f"{frame:06d}"
    written = write_explanation(folder, explanation)
    told = [HULL_STANDS_IN] * explanation.numbers["hull_for_mask"]
    for reason in explanation.numbers["not_painted"] + told:
        yield Notice(text=f"Frame {frame}: {reason}.", level="warning")
    yield Made(what="explanation", path=folder)
    yield StageFinished(stage=STAGE, summary={"frame": frame, "files": len(written), "folder": str(folder)})
