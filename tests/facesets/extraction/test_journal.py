import pytest

from understudy.facesets.extraction.journal import Journal, Written


def test_what_was_noted_is_known_to_the_next_run(tmp_path):
    with Journal(tmp_path) as journal:
        journal.note_run("影", content="x", settings={"size_px": 256})
        journal.note_face("影", content="x", frame=3, person=1)
        journal.note_face("影", content="x", frame=4, person=2)
    with Journal(tmp_path) as journal:
        assert journal.frames("影", 1) == {3}
        assert journal.persons("影") == {1, 2}
        assert journal.contents("影") == {"x"}
        assert journal.settings("影") == [{"size_px": 256}]
        assert journal.frames("other", 1) == set()


@pytest.mark.parametrize("junk", [b'{"clip": "a", "fra', b"\xff\xff\n", b"[1]\n", b"\n\n"])
def test_a_torn_line_is_dropped_and_the_journal_goes_on(tmp_path, junk):
    with Journal(tmp_path) as journal:
        journal.note_face("a", content="x", frame=1, person=1)
    with (tmp_path / "extracted.jsonl").open("ab") as file:
        file.write(junk)
    with Journal(tmp_path) as journal:
        assert journal.frames("a", 1) == {1}
        journal.note_face("a", content="x", frame=2, person=1)
    with Journal(tmp_path) as journal:
        assert journal.frames("a", 1) == {1, 2}


def test_the_same_settings_are_noted_once(tmp_path):
    with Journal(tmp_path) as journal:
        for size in (1, 1, 2):
            journal.note_run("a", content="x", settings={"size_px": size})
        assert journal.settings("a") == [{"size_px": 1}, {"size_px": 2}]


def test_a_forgotten_face_that_comes_back_by_its_number_has_the_box_it_had(tmp_path):
    box = (1.0, 2.0, 3.0, 4.5)
    with Journal(tmp_path) as journal:
        journal.note_face("a", content="x", frame=1, person=1, box=box)
        journal.note_face("a", content="x", frame=2, person=1)
        journal.mark("a", frame=1, person=1, made=False)
        assert journal.written("a") == [Written(2, 1, None)]
        journal.mark("a", frame=1, person=1, made=True)
    assert set(Journal.look(tmp_path).written("a")) == {Written(1, 1, box), Written(2, 1, None)}
