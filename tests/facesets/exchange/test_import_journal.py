from understudy.facesets.exchange.import_journal import ImportJournal, mark_in_history, names_not_in_history


def test_what_was_taken_is_remembered_and_told_to_the_history_once(tmp_path):
    (tmp_path / "a.jpg").touch()
    with ImportJournal(tmp_path) as journal:
        journal.note("1", "a.jpg")
        journal.note("2", "gone.jpg")
        journal.note("3", "../outside.jpg")
    assert names_not_in_history(tmp_path) == ["a.jpg"]
    mark_in_history(tmp_path)
    assert names_not_in_history(tmp_path) == []
    with ImportJournal(tmp_path) as journal:
        assert journal.keys == {"1", "2", "3"}


def test_what_was_taken_back_or_is_asked_for_again_may_come_again(tmp_path):
    (tmp_path / "a.jpg").touch()
    with ImportJournal(tmp_path) as journal:
        journal.note("1", "a.jpg")
        journal.note("2", "b.jpg")
        journal.note("3", "c.jpg")
    with ImportJournal(tmp_path, forgotten={"a.jpg", "b.jpg"}) as journal:
        assert journal.keys == {"1", "3"}
    with ImportJournal(tmp_path, again=True) as journal:
        assert journal.keys == {"1"}


def test_a_torn_or_foreign_line_is_passed_over(tmp_path):
    (tmp_path / "imported.jsonl").write_bytes(b'{"face": "1", "name": "a"}\nnonsense\n[1]\n{"face": "2"')
    with ImportJournal(tmp_path) as journal:
        assert journal.keys == {"1"}
        journal.note("3", "")
    assert (tmp_path / "imported.jsonl").read_bytes().endswith(b'[1]\n{"face": "3", "name": ""}\n')
