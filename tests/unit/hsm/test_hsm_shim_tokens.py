"""The shim of `tests/shim` itself: tokens that come and go, and what they say of themselves."""

import ctypes
import threading

import pkcs11
import pytest
from hsm_shim_cryptoki import CKR
from hsm_shim_raw import Raw
from hsm_shim_token import EC_ID, EC_LABEL, LABEL
from hsm_world import SO_PIN, USER_PIN
from pkcs11 import Attribute, Mechanism, ObjectClass, SlotFlag, TokenFlag

PIN = USER_PIN.reveal()
DATA = bytes(range(32))
SECOND = "Thẻ dự phòng"


def private_key(session):
    return session.get_key(label=EC_LABEL, object_class=ObjectClass.PRIVATE_KEY)


def sign(session):
    return sign_with(private_key(session))


def sign_with(key):
    return key.sign(DATA, mechanism=Mechanism.ECDSA)


@pytest.fixture
def library(shim):
    return shim.load()


@pytest.fixture
def token(library):
    return library.get_token(token_label=LABEL)


@pytest.fixture
def session(token):
    return token.open(user_pin=PIN)


@pytest.fixture
def key(session):
    """Found before anything fails: a search that cannot begin ends python-pkcs11 in a warning."""
    return private_key(session)


def slot_of(library, token):
    return next(slot for slot in library.get_slots() if slot.slot_id == token.slot.slot_id)


# --- what it says ---------------------------------------------------------------------------------


def test_a_token_says_other_names(shim, library, token):
    names = {"label": "Tên khác", "serial": "ABC123", "model": "eToken", "manufacturer": "Hãng"}
    with shim.presented(LABEL, **names, description="Đầu đọc 1", pin_bytes=range(6, 17)):
        slot = slot_of(library, token)
        seen = slot.get_token()
        assert (seen.label, seen.serial) == ("Tên khác", b"ABC123")
        assert (seen.model, seen.manufacturer_id) == ("eToken", "Hãng")
        assert slot.slot_description == "Đầu đọc 1"
    assert slot_of(library, token).get_token().label == LABEL


def test_a_fault_of_one_token_alone(shim):
    shim.add_token(SECOND, PIN, SO_PIN.reveal())
    library = shim.load()
    first, second = (library.get_token(token_label=label) for label in (LABEL, SECOND))
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR, token=SECOND):
        first.open(user_pin=PIN)
        with pytest.raises(pkcs11.DeviceError):
            second.open()
    second.open(user_pin=PIN)


def test_a_token_in_two_slots(shim, library):
    shim.without_spare_slot()
    assert len(library.get_slots()) == 1
    with shim.mirrored():
        one, two = (slot.get_token() for slot in library.get_slots())
        assert (one.label, one.serial) == (two.label, two.serial)
        assert one.slot.slot_id != two.slot.slot_id
        session = two.open(user_pin=PIN)
        assert len(sign(session)) == 64
        info = (ctypes.c_ulong * 4)()
        assert Raw(shim.path)("C_GetSessionInfo", session.handle, info) == CKR.OK
        assert info[0] == two.slot.slot_id


@pytest.mark.parametrize(
    "flag",
    [
        TokenFlag.USER_PIN_COUNT_LOW,
        TokenFlag.USER_PIN_FINAL_TRY,
        TokenFlag.USER_PIN_LOCKED,
        TokenFlag.WRITE_PROTECTED,
        TokenFlag.PROTECTED_AUTHENTICATION_PATH,
    ],
)
def test_flags_are_raised(shim, token, flag):
    assert not token.slot.get_token().flags & flag
    with shim.flags(raised=flag):
        assert token.slot.get_token().flags & flag


@pytest.mark.parametrize(
    "flag", [TokenFlag.RNG, TokenFlag.TOKEN_INITIALIZED, TokenFlag.USER_PIN_INITIALIZED]
)
def test_flags_are_cleared(shim, token, flag):
    assert token.slot.get_token().flags & flag
    with shim.flags(cleared=flag, token=LABEL):
        assert not token.slot.get_token().flags & flag


def test_a_write_protected_token_has_no_sessions_for_writing(shim, token):
    with shim.flags(raised=TokenFlag.WRITE_PROTECTED):
        with pytest.raises(pkcs11.TokenWriteProtected):
            token.open(rw=True)
        token.open().close()
    token.open(rw=True).close()


def test_slot_flags(shim, library, token):
    removable = SlotFlag.REMOVABLE_DEVICE | SlotFlag.HW_SLOT
    with shim.slot_flags(raised=removable, cleared=SlotFlag.TOKEN_PRESENT, token=LABEL):
        assert slot_of(library, token).flags == removable
    assert slot_of(library, token).flags == SlotFlag.TOKEN_PRESENT


# --- mechanisms, attributes -----------------------------------------------------------------------


def test_a_mechanism_that_is_lacking(shim, token, session):
    slot = token.slot
    with shim.without_mechanisms(Mechanism.ECDSA, Mechanism.RSA_PKCS_PSS):
        assert not {Mechanism.ECDSA, Mechanism.RSA_PKCS_PSS} & slot.get_mechanisms()
        assert Mechanism.RSA_PKCS in slot.get_mechanisms()
        with pytest.raises(pkcs11.MechanismInvalid):
            slot.get_mechanism_info(Mechanism.ECDSA)
        with pytest.raises(pkcs11.MechanismInvalid):
            sign(session)
    assert Mechanism.ECDSA in slot.get_mechanisms()
    assert slot.get_mechanism_info(Mechanism.ECDSA)
    assert len(sign(session)) == 64


def test_a_key_pair_is_not_made_with_a_mechanism_that_is_lacking(shim, token):
    session = token.open(rw=True, user_pin=PIN)
    lack = shim.without_mechanisms(Mechanism.RSA_PKCS_KEY_PAIR_GEN)
    with lack, pytest.raises(pkcs11.MechanismInvalid):
        session.generate_keypair(pkcs11.KeyType.RSA, 1024)
    assert session.generate_keypair(pkcs11.KeyType.RSA, 1024)


def test_a_mechanism_that_is_claimed_and_not_there(shim, token, session):
    key = private_key(session)
    claimed = Mechanism.ECDSA_SHA384
    with shim.with_mechanisms(claimed):
        assert claimed in token.slot.get_mechanisms()
        assert token.slot.get_mechanism_info(claimed).flags
        with pytest.raises(pkcs11.MechanismInvalid):
            key.sign(DATA, mechanism=claimed)
    assert claimed not in token.slot.get_mechanisms()


def test_an_attribute_that_the_token_does_not_show(shim, session):
    public = session.get_key(label=EC_LABEL, object_class=ObjectClass.PUBLIC_KEY)
    with shim.hidden(Attribute.EC_POINT):
        with pytest.raises(pkcs11.AttributeTypeInvalid):
            public[Attribute.EC_POINT]
        assert public[Attribute.ID] == EC_ID
    assert public[Attribute.EC_POINT]


def test_an_attribute_hidden_of_one_class_is_not_found_by(shim, session):
    def found(object_class):
        return len(list(session.get_objects({Attribute.CLASS: object_class, Attribute.ID: EC_ID})))

    with shim.hidden(Attribute.ID, ObjectClass.CERTIFICATE):
        assert (found(ObjectClass.CERTIFICATE), found(ObjectClass.PUBLIC_KEY)) == (0, 1)
        assert len(list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))) == 2
        assert len(list(session.get_objects({Attribute.ID: EC_ID}, batch_size=1))) == 2
    assert (found(ObjectClass.CERTIFICATE), found(ObjectClass.PUBLIC_KEY)) == (1, 1)


# --- pulled out, asleep ---------------------------------------------------------------------------


def test_a_token_that_is_pulled_out_and_comes_back_logged_out(shim, library, token, key):
    sign_with(key)
    with shim.pulled_out(LABEL):
        with pytest.raises(pkcs11.DeviceRemoved):
            sign_with(key)
        with pytest.raises(pkcs11.TokenNotPresent):
            token.slot.get_token()
        with pytest.raises(pkcs11.TokenNotPresent):
            token.open()
        assert token.slot.slot_id not in {s.slot_id for s in library.get_slots(token_present=True)}
        assert not slot_of(library, token).flags & SlotFlag.TOKEN_PRESENT
    with pytest.raises(pkcs11.DeviceRemoved):
        sign_with(key)
    with pytest.raises(pkcs11.NoSuchKey):
        sign(token.open())
    assert len(sign(token.open(user_pin=PIN))) == 64


def test_a_token_pulled_out_and_in_again_unseen_is_logged_out(shim, token, key):
    with shim.pulled_out(LABEL):
        pass
    with pytest.raises(pkcs11.DeviceRemoved):
        sign_with(key)
    assert len(sign(token.open(user_pin=PIN))) == 64


def test_a_reader_that_is_pulled_out_with_its_token(shim, library, token):
    with shim.pulled_out(LABEL, reader=True):
        assert token.slot.slot_id not in {slot.slot_id for slot in library.get_slots()}
    assert slot_of(library, token)


@pytest.mark.parametrize(("after", "lost"), [(True, 1), (False, 0)])
def test_a_token_pulled_out_in_the_middle_of_a_signature(shim, token, key, after, lost):
    with shim.pulled_during("C_Sign", after=after), pytest.raises(pkcs11.DeviceRemoved):
        sign_with(key)
    assert len(shim.calls.lost_signatures) == lost
    with pytest.raises(pkcs11.TokenNotPresent):
        token.slot.get_token()
    shim.insert()
    with pytest.raises(pkcs11.DeviceRemoved):
        sign_with(key)
    assert len(sign(token.open(user_pin=PIN))) == 64


def test_a_token_pulled_out_during_a_call_is_out_for_every_middleware(shim, new_shim, key):
    other = new_shim(beside=shim)
    beside = other.load().get_token(token_label=LABEL)
    session = beside.open(user_pin=PIN)
    with shim.pulled_during("C_Sign"), pytest.raises(pkcs11.DeviceRemoved):
        sign_with(key)
    with pytest.raises(pkcs11.TokenNotPresent):
        beside.slot.get_token()
    shim.insert()
    assert beside.slot.get_token().label == LABEL
    with pytest.raises(pkcs11.DeviceRemoved):
        session.generate_random(64)
    beside.open(user_pin=PIN)


def test_a_token_pulled_out_while_a_call_is_slow(shim, key):
    with shim.fault("C_SignInit", sleep=0.3):
        timer = threading.Timer(0.1, shim.pulled_out, [LABEL])
        timer.start()
        with pytest.raises(pkcs11.DeviceRemoved):
            sign_with(key)
        timer.join()
    assert shim.calls("C_SignInit", answer=CKR.DEVICE_REMOVED), "noticed as the call goes on"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CKR.SESSION_HANDLE_INVALID, pkcs11.SessionHandleInvalid),
        (CKR.DEVICE_REMOVED, pkcs11.DeviceRemoved),
        (CKR.SESSION_CLOSED, pkcs11.SessionClosed),
    ],
)
def test_sessions_that_die_take_the_login_with_them(shim, token, key, answer, error):
    sign_with(key)
    shim.sessions_die(answer=answer)
    with pytest.raises(error):
        sign_with(key)
    fresh = token.open()
    with pytest.raises(pkcs11.NoSuchKey):
        sign(fresh)
    assert len(sign(token.open(user_pin=PIN))) == 64


def test_sessions_of_one_token_die_in_the_middle_of_a_call(shim):
    shim.add_token(SECOND, PIN, SO_PIN.reveal())
    library = shim.load()
    session = library.get_token(token_label=LABEL).open(user_pin=PIN)
    key = private_key(session)
    other = library.get_token(token_label=SECOND).open(user_pin=PIN)
    with shim.fault("C_Sign", at=1, die=True), pytest.raises(pkcs11.SessionHandleInvalid):
        sign_with(key)
    assert not shim.calls.signed
    assert len(other.generate_random(64)) == 8


def test_everything_is_taken_back_at_once(shim, library, token):
    shim.pulled_out(LABEL)
    shim.fail("C_GetInfo", CKR.DEVICE_ERROR)
    shim.without_spare_slot()
    shim.clear()
    assert len(library.get_slots()) == 2
    assert len(sign(token.open(user_pin=PIN))) == 64
