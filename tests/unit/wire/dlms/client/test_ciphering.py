"""Protection: every nonce once, every tag checked, every counter rising."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms_support as meter
from kwartier.wire.dlms.client.ciphering import Counters, Protection, Secrets
from kwartier.wire.dlms.errors import CountersExhausted, Malformed, Misuse, NotAuthentic


def protection(first: int = 5, end: int = 100, *, general: bool = False) -> Protection:
    return Protection(meter.SECRETS, Counters(first, end), general=general)


@given(st.binary(max_size=3000))
def test_what_we_seal_opens_with_openssls_own_check(plain: bytes) -> None:
    sealed = protection().seal(0xC8, plain)
    assert sealed[0] == 0xC8
    assert meter.unseal(sealed[1:]) == (5, plain)


@given(st.binary(max_size=3000), st.integers(0, 2**32 - 1))
def test_what_the_meter_seals_opens(plain: bytes, ic: int) -> None:
    assert protection().open_service(b"\xcc" + meter.seal(plain, ic), 0xCC) == plain


def test_the_first_counter_of_a_meter_may_be_0_and_then_it_rises() -> None:
    ours = protection()
    assert ours.open(meter.seal(b"a", 0), 0) == b"a"
    assert ours.open(meter.seal(b"b", 7), 0) == b"b"
    for stale in (7, 6, 0):
        with pytest.raises(NotAuthentic):
            ours.open(meter.seal(b"c", stale), 0)


def test_a_wrong_tag_does_not_move_the_counter_on() -> None:
    ours = protection()
    forged = bytearray(meter.seal(b"a", 900))
    forged[-1] ^= 1
    with pytest.raises(NotAuthentic):
        ours.open(bytes(forged), 0)
    assert ours.open(meter.seal(b"b", 1), 0) == b"b"


@given(st.binary(min_size=1, max_size=60), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_refused(plain: bytes, place: int, change: int) -> None:
    sealed = bytearray(meter.seal(plain, 3))
    sealed[place % len(sealed)] ^= change
    with pytest.raises((NotAuthentic, Malformed)):
        protection().open(bytes(sealed), 0)


@pytest.mark.parametrize("sc", [0x00, 0x10, 0x20, 0x31, 0xB0])
def test_only_authenticated_and_encrypted_is_taken(sc: int) -> None:
    with pytest.raises(NotAuthentic):
        protection().open(meter.seal(b"a", 1, sc=sc), 0)


def test_an_answer_may_come_in_the_general_form_under_the_meters_title_only() -> None:
    assert protection().open_service(b"\xdb\x08" + meter.THEIRS + meter.seal(b"a", 1), 0xCC) == b"a"
    ours, other = b"\xdb\x08" + meter.OURS + meter.seal(b"a", 1), b"\xcf" + meter.seal(b"a", 1)
    for stranger in (ours, other, b"\xc4\x01\xc1\x00", b"\xdb", b""):
        with pytest.raises(NotAuthentic):
            protection().open_service(stranger, 0xCC)


def test_we_ask_in_the_general_form_when_told_to() -> None:
    asked = protection(general=True).seal_service(0xC8, b"plain")
    assert asked[:10] == b"\xdb\x08" + meter.OURS
    assert meter.unseal(asked[10:]) == (5, b"plain")


def test_counters_are_given_once_each_and_end() -> None:
    counters = Counters(2**32 - 2, 2**32)
    assert [counters.take(), counters.take()] == [b"\xff\xff\xff\xfe", b"\xff\xff\xff\xff"]
    with pytest.raises(CountersExhausted):
        counters.take()


def test_one_counter_can_be_kept_back() -> None:
    counters = Counters(10, 12)
    counters.keep(1)
    counters.take()
    with pytest.raises(CountersExhausted):
        counters.keep(1)
    counters.take()


@pytest.mark.parametrize(("first", "end"), [(-1, 5), (6, 5), (0, 2**32 + 1)])
def test_a_range_of_counters_that_cannot_be_is_our_own_error(first: int, end: int) -> None:
    with pytest.raises(Misuse):
        Counters(first, end)


@pytest.mark.parametrize("place", range(4))
def test_titles_and_keys_of_another_length_are_our_own_error(place: int) -> None:
    right = [meter.OURS, meter.THEIRS, meter.EK, meter.AK]
    right[place] += b"x"
    with pytest.raises(Misuse):
        Secrets(*right)


def test_client_and_meter_never_share_a_title() -> None:
    """Under one key, title and counter make the nonce: the two sides would use the same ones."""
    with pytest.raises(Misuse):
        Secrets(meter.OURS, meter.OURS, meter.EK, meter.AK)


def test_secrets_are_not_shown() -> None:
    assert repr(meter.SECRETS) == "Secrets(...)"


def test_the_answer_to_a_challenge_has_a_counter_of_its_own() -> None:
    ours = protection()
    assert ours.answer(meter.STOC) == meter.gmac(meter.OURS, 5, meter.STOC)
    assert meter.unseal(ours.seal(0xCB, b"x")[1:])[0] == 6


def test_the_meters_answer_is_checked() -> None:
    ours = protection()
    right = meter.gmac(meter.THEIRS, 3, meter.CHALLENGE)
    ours.check(right, meter.CHALLENGE)
    for wrong in (right[:-1] + b"\x00", right[:-1], b"\x30" + right[1:], meter.gmac(meter.OURS, 3, meter.CHALLENGE), b""):
        with pytest.raises(NotAuthentic):
            ours.check(wrong, meter.CHALLENGE)
