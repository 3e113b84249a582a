import errno
import platform
import subprocess
import sys

import pytest

from understudy.errors import FolderUnwritable
from understudy.project.lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from understudy.project.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from understudy.project.lock import exclusive
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "lock"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_waits_and_then_says_so(tmp_path, holder):
    with pytest.raises(FolderUnwritable, match="Another process"), exclusive(tmp_path / "lock", wait_s=0.1):
        pass


def test_who_works_on_it_is_named_and_nobody_is_told_to_end_that(tmp_path, holder):
    with pytest.raises(FolderUnwritable) as told, exclusive(tmp_path / "lock", wait_s=0.1):
        pass
    assert f": process {holder.pid} on {platform.node()} since " in told.value.message
    assert "Wait until it is done" in told.value.message and "top" not in told.value.message
    (tmp_path / "lock").write_bytes(b"")
    with (
        pytest.raises(FolderUnwritable, match=r"this project\. Wait"),
        exclusive(tmp_path / "lock", wait_s=0.1),
    ):
        pass


def test_a_lock_that_nobody_holds_names_nobody(tmp_path):
    with exclusive(tmp_path / "lock"):
        assert (tmp_path / "lock").read_bytes()
    assert (tmp_path / "lock").read_bytes() == b""


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path, holder):
    holder.kill()
    holder.wait()
    with exclusive(tmp_path / "lock", wait_s=0):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), exclusive(tmp_path / "lock"):
        raise RuntimeError
    with exclusive(tmp_path / "lock", wait_s=0):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_disk_without_room_for_the_holders_name_holds_the_lock_all_the_same(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, tmp_path / "lock"], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "held\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="locks otherwise")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_that_can_not_lock_is_told_with_a_way_out(tmp_path, monkeypatch, number):
    def refused(*_):
        raise OSError(number, "no locks here")

    monkeypatch.setattr("understudy.files.fcntl.flock", refused)
    with (
        pytest.raises(FolderUnwritable, match=r"can't lock files.*NFS") as caught,
        exclusive(tmp_path / ".lock"),
    ):
        raise AssertionError("nothing holds others off")
    assert caught.value.path == tmp_path / ".lock"


def test_a_link_in_the_place_of_a_lock_writes_over_nobody_s_file(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (tmp_path / "lock").symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"), exclusive(tmp_path / "lock"):
        pass
    assert letter.read_text() == "mine"
