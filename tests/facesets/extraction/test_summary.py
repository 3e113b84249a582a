from understudy.facesets.extraction.summary import as_ranges


def test_ranges_are_short_and_complete():
    assert as_ranges([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
    assert as_ranges([]) == ""
