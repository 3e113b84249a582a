"""Fetching from a publisher that behaves, breaks off, lies or is gone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.networks.publisher import Publisher, publishing
from understudy.errors import OptionInvalid, WeightsChanged, WeightsMissing
from understudy.events import Notice, StageFinished
from understudy.networks.weight_catalogue import CATALOGUE, Weights
from understudy.networks.weight_fetching import fetch
from understudy.networks.weight_store import WeightStore

DATA = np.random.default_rng(0).integers(0, 256, 700_000, np.uint8).tobytes()
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def publisher():
    with publishing(DATA) as publisher:
        yield publisher


def store_of(folder: Path, publisher: Publisher, sha256: str = SHA256, size: int | None = None) -> WeightStore:
    entry = Weights(
        name="net",
        file_name="net.onnx",
        used_by="",
        licence="MIT",
        url=publisher.url,
        layout="onnx",
        sha256=sha256,
        size_bytes=size,
    )
    return WeightStore(folder, catalogue={"net": entry})


def fetched(store: WeightStore, **how: bool) -> list:
    return list(fetch(store, "net", pause_s=0.01, **how))


def test_what_the_publisher_offers_lies_in_the_folder_afterwards(tmp_path, publisher):
    store = store_of(tmp_path, publisher)
    events = fetched(store)
    assert store.path_of("net").read_bytes() == DATA
    assert events[-1].summary["sha256"] == SHA256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx"]


def test_what_is_there_is_not_fetched_again(tmp_path, publisher):
    store = store_of(tmp_path, publisher)
    fetched(store)
    (event,) = fetched(store)
    assert isinstance(event, StageFinished) and event.skipped
    assert len(publisher.asked) == 1


def test_a_torn_download_goes_on_where_it_broke(tmp_path, publisher):
    publisher.torn_after = [300_000, 100_000]
    store = store_of(tmp_path, publisher)
    fetched(store)
    assert store.path_of("net").read_bytes() == DATA
    assert [asked.get("Range") for asked in publisher.asked] == [None, "bytes=300000-", "bytes=400000-"]


def test_a_stopped_download_goes_on_in_the_next_run(tmp_path, publisher):
    publisher.torn_after = [200_000] + [0] * 3
    store = store_of(tmp_path, publisher)
    with pytest.raises(WeightsMissing, match="What came so far is kept"):
        fetched(store)
    publisher.asked.clear()
    events = fetched(store)
    assert events[0].done == 200_000
    assert publisher.asked[0]["Range"] == "bytes=200000-"
    assert store.path_of("net").read_bytes() == DATA


def test_a_file_that_changed_in_between_is_fetched_from_its_start(tmp_path, publisher):
    """Half of an old and half of a new file would otherwise be pinned as one."""
    publisher.torn_after = [200_000] + [0] * 3
    store = store_of(tmp_path, publisher, sha256="")
    with pytest.raises(WeightsMissing):
        fetched(store)
    publisher.data, publisher.etag = DATA[::-1], '"2"'
    fetched(store)
    assert store.path_of("net").read_bytes() == DATA[::-1]


def test_the_wrong_file_is_refused_and_not_kept(tmp_path, publisher):
    publisher.data = DATA[:-1] + b"x"
    store = store_of(tmp_path, publisher)
    with pytest.raises(WeightsChanged, match=SHA256):
        fetched(store)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_it_comes(tmp_path, publisher):
    with pytest.raises(WeightsMissing, match="now offers 700000 bytes"):
        fetched(store_of(tmp_path, publisher, size=12))


def test_a_hash_nobody_knows_is_pinned_at_first_use_and_shown(tmp_path, publisher):
    store = store_of(tmp_path, publisher, sha256="")
    notices = [event.text for event in fetched(store) if isinstance(event, Notice)]
    assert SHA256 in notices[0]
    (state,) = store.states()
    assert (state.sha256, state.pinned_by) == (SHA256, "first use")
    publisher.data = DATA[::-1]
    (tmp_path / "net.onnx").unlink()
    with pytest.raises(WeightsChanged, match="--replace"):
        fetched(store)


def test_replacing_takes_the_new_file_and_keeps_the_old_in_the_trash(tmp_path, publisher):
    store = store_of(tmp_path, publisher, sha256="")
    fetched(store)
    publisher.data = DATA[::-1]
    fetched(store, replace=True)
    assert store.path_of("net").read_bytes() == DATA[::-1]
    assert [path.read_bytes() for path in (tmp_path / "trash").iterdir()] == [DATA]


def test_a_page_that_is_gone_is_not_asked_for_again_and_again(tmp_path, publisher):
    publisher.status = 404
    with pytest.raises(WeightsMissing, match="answered 404") as refused:
        fetched(store_of(tmp_path, publisher))
    assert len(publisher.asked) == 1
    assert publisher.url in refused.value.message and "weights add net.onnx" in refused.value.message


def test_a_server_in_trouble_is_asked_again(tmp_path, publisher):
    publisher.status = 503
    with pytest.raises(WeightsMissing, match="answered 503"):
        fetched(store_of(tmp_path, publisher))
    assert len(publisher.asked) == 4


def test_without_a_network_it_says_what_to_fetch(tmp_path, publisher):
    store = store_of(tmp_path, Publisher(b"", url="http://127.0.0.1:9/net.onnx"))
    with pytest.raises(WeightsMissing, match=r"no connection.*http://127.0.0.1:9/net.onnx \(as net.onnx\)"):
        fetched(store)


@pytest.mark.parametrize("url", ["http://example.org/net", "file:///etc/passwd", "ftp://example.org/net"])
def test_nothing_is_fetched_but_over_https(tmp_path, publisher, url):
    with pytest.raises(WeightsMissing, match="HTTPS alone"):
        fetched(store_of(tmp_path, Publisher(b"", url=url)))
    publisher.moved_to = url
    with pytest.raises(WeightsMissing, match=r"HTTPS alone|answered 302"):
        fetched(store_of(tmp_path, publisher))
    assert not (tmp_path / "net.onnx").exists()


def test_two_at_once_do_not_write_into_one_file(tmp_path, publisher):
    store = store_of(tmp_path, publisher)
    first = fetch(store, "net")
    next(first)
    with pytest.raises(WeightsMissing, match="Another understudy"):
        fetched(store)
    first.close()
    fetched(store)


def test_weights_of_a_package_are_not_fetched(tmp_path):
    with pytest.raises(OptionInvalid, match="Python package"):
        list(fetch(WeightStore(tmp_path, catalogue=CATALOGUE), "mtcnn-pnet"))
