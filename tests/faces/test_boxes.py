import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.faces.boxes import corrected, distinct, overlap, squared

numbers = st.lists(
    st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(1, 40), st.floats(1, 40), st.floats(0, 1)),
    min_size=1,
    max_size=25,
)


def greedy_one_by_one(boxes, scores, limit, over):
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[[place]], boxes[[k]], over=over)[0, 0] <= limit for k in kept):
            kept.append(int(place))
    return kept


@settings(max_examples=60, deadline=None)
@given(numbers, st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from(["union", "smaller"]))
def test_the_settled_answer_is_the_greedy_one(rows, limit, over):
    data = np.array(rows)
    boxes = np.column_stack([data[:, :2], data[:, :2] + data[:, 2:4]])
    found = distinct(boxes, data[:, 4], np.zeros(len(data), np.intp), most_overlap=limit, over=over)
    assert found.tolist() == greedy_one_by_one(boxes, data[:, 4], limit, over)


def test_boxes_of_different_frames_never_drop_each_other():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 9.5]], float)
    kept = distinct(boxes, np.array([0.9, 0.8, 0.7]), np.array([0, 1, 0]), most_overlap=0.5)
    assert sorted(kept.tolist()) == [0, 1]


def test_overlap_is_over_the_union_or_the_smaller_box():
    a, b = np.array([[0, 0, 10, 10.0]]), np.array([[0, 0, 5, 10.0], [20, 20, 30, 30.0]])
    assert overlap(a, b).tolist() == [[0.5, 0.0]]
    assert overlap(a, b, over="smaller").tolist() == [[1.0, 0.0]]


def test_squares_keep_the_centre_and_the_longer_side():
    assert squared(np.array([[0, 10, 10, 40.0]])).tolist() == [[-10, 10, 20, 40]]


def test_offsets_are_shares_of_the_box():
    assert corrected(np.array([[0, 0, 10, 20.0]]), np.array([[0.1, 0.1, -0.1, 0]])).tolist() == [[1, 2, 9, 20]]
