"""The finished files of a project: those in its own folder, and those that went elsewhere."""

from __future__ import annotations

from pathlib import Path

from understudy.files import stat_of
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.project.project import Project

_BESIDE = (".report.json", ".report.txt", ".swap.json", ".transform.json", ".c2pa")


def finished_files(project: Project) -> list[Path]:
    """Finished files, folders of frames among them: those in the project's own folder, and those that went
    elsewhere and still stand as they were made. What was put in their place since is not ours, and what lies
    beside one (its report, its credentials) is none."""
    memories = [DeliveryMemory(path.parent) for path in project.folder.glob("merged/*/*/encode.json")]
    found = {path for memory in memories for path in memory.standing()}
    if project.out_folder.is_dir():
        replaced = {path for memory in memories for path in memory.outs()} - found
        found |= set(project.out_folder.iterdir()) - replaced
    return sorted(path for path in found if not path.name.startswith(".") and not path.name.endswith(_BESIDE))


def finished_by_name(project: Project) -> dict[str, Path]:
    """Every finished file by its name, the newest first. One that lies elsewhere and is called as another has a
    number after its name."""
    found = sorted(finished_files(project), key=lambda path: path.parent != project.out_folder)
    named: dict[str, Path] = {}
    for path in found:
        again = sum(other.name == path.name for other in named.values())
        named[f"{path.name} ({again + 1})" if again else path.name] = path
    return dict(sorted(named.items(), key=lambda one: stat_of(one[1])[0], reverse=True))
