"""Whether a clip is still the footage that its faces were found in, for whoever looks before a merge."""

from __future__ import annotations

from understudy.jobs.clips.color_spaces import color_space_of
from understudy.project.project import Project


def footage_told(project: Project, clip: str) -> list[str]:
    """What a merge would say of the clip's footage before it paints. Raises ClipDiffers where it would refuse,
    and what opening the clip raises."""
    from understudy.media.opening import open_clip
    from understudy.merging.same_footage import footage_notices

    folder = project.faceset_folder(*project.faceset_of_clip(clip))
    with open_clip(project.present_clip_path(clip), color_space_of(project, clip)) as opened:
        return footage_notices(folder, clip, opened.info)
