"""Names as people read them: the title by its letter, no personal number where none is asked."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki.names import common_name, name_text


def name(**values):
    oids = {"T": NameOID.TITLE, "CN": NameOID.COMMON_NAME, "UID": NameOID.USER_ID}
    oids["O"] = NameOID.ORGANIZATION_NAME
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in values.items()])


def test_the_whole_name_is_shown_to_whoever_asks():
    text = name_text(name(O="UBND", T="Chủ tịch", UID="CCCD:000000000001"))
    assert text == "UID=CCCD:000000000001,T=Chủ tịch,O=UBND"


def test_the_common_name_alone_is_shown_where_there_is_one():
    assert common_name(name(CN="Nguyễn Văn Mẫu", UID="CCCD:000000000001")) == "Nguyễn Văn Mẫu"


def test_without_a_common_name_the_rest_is_shown_but_what_is_personal():
    text = common_name(name(O="UBND", UID="CCCD:000000000001"))
    assert text == "O=UBND"
