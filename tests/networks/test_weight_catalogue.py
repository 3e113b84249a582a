import re

from understudy.networks.weight_catalogue import CATALOGUE


def test_every_entry_says_what_a_person_must_know():
    for name, weights in CATALOGUE.items():
        assert name == weights.name and weights.used_by and weights.licence and weights.file_name
        assert weights.url.startswith("https://") or weights.layout == "wheel"
        assert re.fullmatch(r"[0-9a-f]{64}|", weights.sha256)


def test_two_entries_never_share_a_file():
    assert len({weights.file_name for weights in CATALOGUE.values()}) == len(CATALOGUE)


def test_a_hash_in_a_publishers_file_name_is_the_files():
    """torch.hub's convention: what stands after the dash are the first digits of the SHA-256."""
    for name in ("s3fd", "2dfan4"):
        digits = CATALOGUE[name].file_name.partition("-")[2].partition(".")[0]
        assert CATALOGUE[name].sha256.startswith(digits)
