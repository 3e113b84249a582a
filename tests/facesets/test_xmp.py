import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.facesets.conftest import make_record, noise
from understudy.facesets.record import RECORD_VERSION
from understudy.facesets.xmp import NAMESPACE, PACKET_LIMIT_BYTES, embed, extract_record, packets


def encoded(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(32)).save(buffer, kind, **options)
    return buffer.getvalue()


JPEG, PNG = encoded("JPEG", quality=95), encoded("PNG")
LIGHTROOM = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def jpeg_with(packet: bytes) -> bytes:
    body = b"http://ns.adobe.com/xap/1.0/\x00" + packet
    return JPEG[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(body) + 2) + body + JPEG[2:]


def png_with(data: bytes) -> bytes:
    body = b"iTXt" + data
    chunk = struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return PNG[:33] + chunk + PNG[33:]


@pytest.mark.parametrize("image", [JPEG, PNG])
def test_a_record_comes_back_from_the_file_and_the_pixels_stay_the_same(image):
    record = make_record(clip="Mein Prøjekt 影 \"<&>'")
    written = embed(image, record)
    assert extract_record(written) == record
    pixels = [np.asarray(Image.open(io.BytesIO(data))) for data in (image, written)]
    assert np.array_equal(*pixels)


@pytest.mark.parametrize("image", [JPEG, PNG])
def test_writing_again_replaces_the_record_and_nothing_piles_up(image):
    once = embed(image, make_record(frame=1))
    twice = embed(once, make_record(frame=2))
    assert extract_record(twice).frame == 2
    assert len(list(packets(twice))) == 1
    assert embed(twice, make_record(frame=1)) == once


def test_other_programs_find_the_packet():
    jpeg, png = (
        Image.open(io.BytesIO(embed(JPEG, make_record()))),
        Image.open(io.BytesIO(embed(PNG, make_record()))),
    )
    assert NAMESPACE.encode() in jpeg.info["xmp"]
    assert NAMESPACE in png.text["XML:com.adobe.xmp"]


def test_other_programs_properties_are_kept_through_several_writes():
    written = embed(embed(jpeg_with(LIGHTROOM), make_record(frame=3)), make_record(frame=4))
    (packet,) = packets(written)
    assert b'xmp:Rating="4"' in packet
    assert packet.count(NAMESPACE.encode()) == 1
    assert extract_record(written).frame == 4


def test_exif_stays_in_front_of_the_packet():
    exif = Image.Exif()
    exif[0x010E] = "made by hand"
    written = embed(encoded("JPEG", exif=exif), make_record())
    assert written.index(b"Exif\x00\x00") < written.index(b"http://ns.adobe.com/xap/1.0/\x00")
    assert Image.open(io.BytesIO(written)).getexif()[0x010E] == "made by hand"


def test_a_packet_that_leaves_no_room_gives_way_to_the_record():
    huge = LIGHTROOM.replace(b'xmp:Rating="4"', b'xmp:Label="' + b"x" * 64_000 + b'"')
    written = embed(jpeg_with(huge), make_record())
    (packet,) = packets(written)
    assert len(packet) < PACKET_LIMIT_BYTES
    assert extract_record(written) == make_record()


def test_a_record_over_the_limit_is_refused_before_anything_is_written():
    record = make_record().model_copy(update={"clip": "x" * 70_000})
    with pytest.raises(ValueError, match="over the limit"):
        embed(JPEG, record)


@pytest.mark.parametrize("image", [b"", b"GIF89a", JPEG[:1], PNG[:20]])
def test_a_file_that_can_hold_no_record_is_refused(image):
    with pytest.raises(ValueError, match=r"JPEG and PNG|torn"):
        embed(image, make_record())


def test_a_record_written_as_an_element_under_another_prefix_is_read():
    attribute = next(packets(embed(JPEG, make_record(frame=9)))).split(b'record="')[1].split(b'"')[0]
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description xmlns:u="%s"><u:record>%s</u:record>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>" % (NAMESPACE.encode(), attribute)
    )
    assert extract_record(jpeg_with(packet)).frame == 9
    assert extract_record(embed(jpeg_with(packet), make_record(frame=10))).frame == 10


def test_a_packed_png_text_is_read():
    packet = next(packets(embed(PNG, make_record(frame=5))))
    data = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(packet)
    assert extract_record(png_with(data)).frame == 5


def test_a_zip_bomb_in_a_png_is_not_unpacked():
    data = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(b" " * 50_000_000, 9)
    assert list(packets(png_with(data))) == []


def test_an_entity_bomb_is_not_expanded():
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
        f'<rdf:RDF><rdf:Description xmlns:u="{NAMESPACE}" u:record="&b;&b;&b;"/></rdf:RDF>'
    ).encode()
    assert extract_record(jpeg_with(bomb)) is None


def test_a_png_text_with_a_wrong_checksum_is_no_record():
    written = bytearray(embed(PNG, make_record()))
    at = written.index(b"&quot;frame&quot;:0")
    written[at + len(b"&quot;frame&quot;:")] = ord("7")
    assert extract_record(bytes(written)) is None


def _with_text(old: str, new: str) -> bytes:
    packet = next(packets(embed(JPEG, make_record())))
    assert old.encode() in packet
    return jpeg_with(packet.replace(old.encode(), new.encode(), 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("&quot;time_s&quot;:0.0", "&quot;time_s&quot;:NaN"),
        ("&quot;time_s&quot;:0.0", "&quot;time_s&quot;:1e999"),
        ("&quot;frame&quot;:0", "&quot;frame&quot;:-1"),
        ("&quot;frame&quot;:0", "&quot;frame&quot;:99999999999999999999"),
        ("&quot;size_px&quot;:64", "&quot;size_px&quot;:1000000"),
        ("&quot;landmarks_68&quot;:[[", "&quot;landmarks_68&quot;:[[1,2],["),
        ("&quot;crop_from_frame&quot;:[[", "&quot;crop_from_frame&quot;:[[0,0,0],["),
        ("&quot;version&quot;:1", f"&quot;version&quot;:{RECORD_VERSION + 1}"),
        ("&quot;version&quot;:1", "&quot;version&quot;:&#xD800;1"),
    ],
)
def test_a_record_with_impossible_values_is_no_record(old, new):
    assert extract_record(_with_text(old, new)) is None


def test_a_crop_without_inverse_is_no_record():
    record = make_record().model_copy(update={"crop_from_frame": [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]})
    assert extract_record(embed(JPEG, record)) is None


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([JPEG, PNG]))
def test_a_torn_or_damaged_file_never_crashes_the_reader(data, image):
    written = bytearray(embed(image, make_record()))
    for _ in range(data.draw(st.integers(0, 6))):
        written[data.draw(st.integers(0, min(len(written) - 1, 4000)))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(written)))
    for piece in (bytes(written), bytes(written[:cut])):
        record = extract_record(piece)
        assert record is None or len(record.landmarks()) == 68


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n"]))
def test_random_bytes_are_no_record(junk, start):
    assert extract_record(start + junk) is None


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_clip_name_survives_the_packet(clip):
    assert extract_record(embed(PNG, make_record(clip=clip))).clip == clip
