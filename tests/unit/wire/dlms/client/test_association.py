"""The association as a state machine, against a meter written apart."""

from collections.abc import Callable

import pytest

import dlms_support as meter
from kwartier.model.register import Obis
from kwartier.wire.dlms.client import xdlms
from kwartier.wire.dlms.client.association import Answer, Association, Bounds, Established, Event, Released, Send, State
from kwartier.wire.dlms.client.ciphering import Counters
from kwartier.wire.dlms.errors import (
    AccessRefused,
    AssociationRefused,
    CountersExhausted,
    DlmsError,
    ExceptionAnswer,
    Malformed,
    Misuse,
    NotAuthentic,
    OutOfTurn,
)

GET = xdlms.get(7, meter.smr5().profiles[0].obis, 2)
DATA = meter.array([meter.u32(n) for n in range(200)])


def association(first: int = 1, end: int = 100, bounds: Bounds | None = None, *, general: bool = False) -> Association:
    return Association(meter.SECRETS, Counters(first, end), meter.CHALLENGE, bounds or Bounds(), general=general)


def ready(first: int = 1, end: int = 100) -> Association:
    """Return an association in state READY; the meter's next counter is 2."""
    ours = association(first, end)
    ours.associate()
    ours.receive(meter.aare(0))
    ours.receive(meter.pass_4(1))
    assert ours.state is State.READY
    return ours


def talk(ours: Association, theirs: meter.Meter, frame: bytes) -> Event:
    """Carry frames until the machine wants nothing sent any more."""
    while True:
        event = ours.receive(theirs.answer(frame[8:]))
        if not isinstance(event, Send):
            return event
        frame = event.frame


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_the_whole_course(pieces: int) -> None:
    ours, theirs = association(), meter.Meter(DATA, pieces=pieces)
    assert talk(ours, theirs, ours.associate()) == Established(1024)
    for _ in range(2):
        assert talk(ours, theirs, ours.get(GET)) == Answer(DATA)
    assert talk(ours, theirs, ours.release()) == Released()
    assert ours.state is State.CLOSED
    assert not ours.standing
    # every counter once and in order, but that the GMAC's own is taken before that of the APDU around it
    assert sorted(theirs.ics) == list(range(1, 4 + 2 * pieces))


def test_frames_go_from_port_1_to_port_1() -> None:
    frame = association().associate()
    assert frame[:6].hex() == "000100010001"
    assert int.from_bytes(frame[6:8], "big") == len(frame) - 8


def test_the_release_holds_a_protected_initiate_request_and_its_answer_may() -> None:
    for answer in (b"", meter.tlv(0xBE, meter.tlv(4, b"\x28" + meter.seal(meter.INITIATE_RESPONSE, 2)))):
        ours = ready()
        frame = ours.release()
        assert meter.unseal(frame[frame.index(b"\x21\x1f\x30", 8) + 1 :])[1][:1] == b"\x01"
        assert ours.receive(meter.tlv(0x63, b"\x80\x01\x00" + answer)) == Released()


def test_a_protected_release_must_be_right() -> None:
    ours = ready()
    ours.release()
    with pytest.raises(NotAuthentic):
        ours.receive(meter.tlv(0x63, meter.tlv(0xBE, meter.tlv(4, b"\x28" + meter.seal(meter.INITIATE_RESPONSE, 1)))))


@pytest.mark.parametrize(
    "apdu",
    [
        meter.aare(title=b"TST\x00\x00\x00\x00\x0a"),  # another meter
        meter.aare(stoc=meter.CHALLENGE),  # our own challenge comes back
        meter.aare().replace(b"\x28\x1f\x30", b"\x28\x1f\x20"),  # less protection
        meter.tlv(0x61, meter.aare()[2:-37] + meter.tlv(0xBE, meter.tlv(4, meter.INITIATE_RESPONSE))),  # none
        meter.aare()[:-1] + b"\0",  # a wrong tag
    ],
)
def test_who_cannot_show_the_key_is_not_believed(apdu: bytes) -> None:
    ours = association()
    ours.associate()
    with pytest.raises(NotAuthentic):
        ours.receive(apdu)
    assert ours.state is State.BROKEN
    assert ours.standing, "an accepted association is to be released whoever accepted it"
    ours.release()


@pytest.mark.parametrize(
    "apdu",
    [
        meter.pass_4(1, bytes(16)),
        b"\xcf" + meter.seal(bytes.fromhex("c701c103"), 1),
        bytes.fromhex("c701c100010009") + b"\x11" + meter.gmac(meter.THEIRS, 1, meter.CHALLENGE),  # unprotected
    ],
)
def test_pass_4_proves_the_meter(apdu: bytes) -> None:
    ours = association()
    ours.associate()
    ours.receive(meter.aare(0))
    with pytest.raises(NotAuthentic):
        ours.receive(apdu)
    with pytest.raises(Misuse):
        ours.get(GET)
    ours.release()


def test_a_refused_association_is_not_released() -> None:
    ours = association()
    ours.associate()
    with pytest.raises(AssociationRefused):
        ours.receive(meter.refusal())
    assert not ours.standing
    with pytest.raises(Misuse):
        ours.release()


LAX = meter.aare().replace(bytes.fromhex("a305a10302010e"), bytes.fromhex("a305a103020100"))


@pytest.mark.parametrize("apdu", [LAX, meter.aare(stoc=bytes(7)), meter.PUBLIC_AARE, meter.aare()[:-1], b"\x61\x00"])
def test_an_association_that_was_not_refused_is_released_whatever_else_its_aare_says(apdu: bytes) -> None:
    ours = association()
    ours.associate()
    with pytest.raises(DlmsError):
        ours.receive(apdu)
    assert ours.release()[8:9] == b"\x62"


def test_an_association_that_was_never_answered_is_released_too() -> None:
    ours = association()
    assert not ours.standing
    ours.associate()
    assert ours.release()[8:9] == b"\x62"


def test_an_aarq_met_by_an_exception_response_leaves_nothing_to_release() -> None:
    ours = association()
    ours.associate()
    with pytest.raises(ExceptionAnswer):
        ours.receive(bytes.fromhex("d80101"))
    assert not ours.standing


def test_a_meter_that_accepts_and_offers_no_get_is_released() -> None:
    ours = association()
    ours.associate()
    with pytest.raises(AssociationRefused):
        ours.receive(meter.aare(initiate=bytes.fromhex("0800065f1f040000000104000007")))
    assert ours.standing


def test_a_refused_get_leaves_the_association_standing() -> None:
    ours = ready()
    ours.get(GET)
    with pytest.raises(AccessRefused):
        ours.receive(b"\xcc" + meter.seal(bytes.fromhex("c401c10103"), 2))
    ours.get(GET)
    assert ours.receive(meter.whole(b"\0", 3)) == Answer(b"\0")


@pytest.mark.parametrize("counter", [None, 5000])
def test_an_exception_response_ends_it_in_any_state(counter: int | None) -> None:
    apdu = b"\xd8\x01\x06" + (b"" if counter is None else counter.to_bytes(4, "big"))
    early, late = association(), ready()
    early.associate()
    late.get(GET)
    for ours in (early, late):
        with pytest.raises(ExceptionAnswer) as caught:
            ours.receive(apdu)
        assert caught.value.counter == counter
        assert ours.state is State.BROKEN


@pytest.mark.parametrize(
    "answers",
    [
        [meter.block(2, b"a", 2, last=False)],
        [meter.block(1, b"a", 2, last=False), meter.block(1, b"a", 3, last=False)],
        [meter.block(1, b"a", 2, last=False), meter.block(3, b"a", 3, last=True)],
        [meter.block(1, b"a", 2, last=False), meter.whole(b"a", 3)],
    ],
)
def test_blocks_come_in_order(answers: list[bytes]) -> None:
    ours = ready()
    ours.get(GET)
    for answer in answers[:-1]:
        ours.receive(answer)
    with pytest.raises(OutOfTurn):
        ours.receive(answers[-1])


def test_blocks_are_bounded_in_number_and_size() -> None:
    for bounds in (Bounds(most_blocks=3), Bounds(most_bytes=3)):
        ours = association(bounds=bounds)
        ours.associate()
        ours.receive(meter.aare(0))
        ours.receive(meter.pass_4(1))
        ours.get(GET)
        for number in (1, 2, 3):
            assert isinstance(ours.receive(meter.block(number, b"a", number + 1, last=False)), Send)
        with pytest.raises(Malformed):
            ours.receive(meter.block(4, b"a", 5, last=False))


def test_a_replayed_answer_is_refused() -> None:
    ours = ready()
    ours.get(GET)
    answer = meter.whole(b"\0", 2)
    ours.receive(answer)
    ours.get(GET)
    with pytest.raises(NotAuthentic):
        ours.receive(answer)


def test_the_last_counter_is_kept_for_the_release() -> None:
    ours = ready(first=1, end=5)  # 1 AARQ, 2 GMAC, 3 its APDU
    with pytest.raises(CountersExhausted):
        ours.get(GET)
    ours.release()


def test_a_next_block_does_not_take_it_either() -> None:
    ours = ready(first=1, end=6)
    ours.get(GET)
    with pytest.raises(CountersExhausted):
        ours.receive(meter.block(1, b"a", 2, last=False))
    ours.release()


def test_without_counters_nothing_is_sent() -> None:
    with pytest.raises(CountersExhausted):
        association(1, 1).associate()
    ours = association(1, 2)
    ours.associate()
    with pytest.raises(CountersExhausted):
        ours.receive(meter.aare(0))


def test_general_glo_is_asked_and_answered() -> None:
    ours, theirs = association(general=True), meter.Meter(DATA)
    hello = ours.associate()
    assert meter.unseal(hello[hello.index(b"\x21\x1f\x30") + 1 :])[1].hex() == "01000000065f1f0400" + "407e1f" + "0400"
    step = ours.receive(theirs.answer(hello[8:]))
    assert isinstance(step, Send)
    assert step.frame[8:18] == b"\xdb\x08" + meter.OURS
    ours.receive(b"\xdb\x08" + meter.THEIRS + meter.pass_4(1)[1:])
    assert ours.get(GET)[8:18] == b"\xdb\x08" + meter.OURS
    assert ours.receive(b"\xdb\x08" + meter.THEIRS + meter.whole(DATA, 2)[1:]) == Answer(DATA)


@pytest.mark.parametrize("state", ["IDLE", "READY", "CLOSED", "BROKEN"])
def test_an_apdu_while_nothing_was_asked_ends_it(state: str) -> None:
    ours = association() if state == "IDLE" else ready()
    if state == "CLOSED":
        ours.release()
        ours.receive(meter.RLRE)
    if state == "BROKEN":
        ours.get(GET)
        with pytest.raises(DlmsError):
            ours.receive(b"\xcc")
    for apdu in (meter.whole(b"\0", 9), b""):
        with pytest.raises(OutOfTurn):
            ours.receive(apdu)


def test_calls_out_of_turn_are_our_own_error() -> None:
    ours = association()
    with pytest.raises(Misuse):
        ours.get(GET)
    with pytest.raises(Misuse):
        ours.release()
    ours.associate()
    with pytest.raises(Misuse):
        ours.associate()
    done = ready()
    done.release()
    with pytest.raises(Misuse):
        done.get(GET)
    with pytest.raises(Misuse):
        done.release()


SET = xdlms.set_attribute(1, Obis.parse("0-1:94.31.0"), 2, b"\x16\x01")
ACT = xdlms.action(18, Obis.parse("0-0:44.0.0"), 3, b"\x0f\x00")


def test_an_attribute_is_set_and_a_method_called_sealed_and_with_a_counter_each() -> None:
    ours = ready()
    frame = ours.set(SET)
    assert (frame[8], meter.unseal(frame[9:])) == (0xC9, (4, SET))
    assert [ours.state] == [State.WRITING]
    assert ours.receive(b"\xcd" + meter.seal(bytes.fromhex("c501c100"), 2)) == Answer(b"")
    frame = ours.act(ACT)
    assert (frame[8], meter.unseal(frame[9:])) == (0xCB, (5, ACT))
    assert [ours.state] == [State.ACTING]
    assert ours.receive(b"\xcf" + meter.seal(bytes.fromhex("c701c10001000f07"), 3)) == Answer(b"\x0f\x07")
    assert [ours.state] == [State.READY]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [(Association.set, b"\xcd" + meter.seal(b"\xc5\1\xc1\3", 2)), (Association.act, b"\xcf" + meter.seal(b"\xc7\1\xc1\2\0", 2))],
)
def test_a_refusal_keeps_the_association(ask: Callable[[Association, bytes], bytes], answer: bytes) -> None:
    ours = ready()
    ask(ours, SET if ask is Association.set else ACT)
    with pytest.raises(AccessRefused):
        ours.receive(answer)
    assert ours.state is State.READY
    assert meter.unseal(ours.get(GET)[9:])[1] == GET


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (Association.set, b"\xcf" + meter.seal(bytes.fromhex("c701c10000"), 2)),  # that of an ACTION
        (Association.act, b"\xcd" + meter.seal(bytes.fromhex("c501c100"), 2)),  # that of a SET
        (Association.set, b"\xcd" + meter.seal(bytes.fromhex("c501c100"), 1)),  # one of before
        (Association.set, bytes.fromhex("c501c100")),  # not sealed
        (Association.act, bytes.fromhex("c701c10000")),
        (Association.set, b"\xcc" + meter.seal(bytes.fromhex("c501c100"), 2)),  # under another tag
    ],
)
def test_any_other_answer_breaks_it(ask: Callable[[Association, bytes], bytes], answer: bytes) -> None:
    ours = ready()
    ask(ours, SET)
    with pytest.raises(DlmsError):
        ours.receive(answer)
    assert ours.state is State.BROKEN
    with pytest.raises(Misuse):
        ask(ours, SET)
    ours.release()


def test_no_request_is_longer_than_the_meter_takes() -> None:
    ours = ready()
    assert ours.room == 1024 - 32
    most = SET + bytes(ours.room - len(SET))
    with pytest.raises(Misuse):
        ours.set(most + b"\0")
    frame = ours.set(most)
    assert len(frame) - 8 <= 1024
    assert ready(1, 100).room == 1024 - 32


def test_the_last_counter_is_for_the_release_of_what_was_set_too() -> None:
    ours = ready(1, 5)
    for ask in (Association.set, Association.act):
        with pytest.raises(CountersExhausted):
            ask(ours, SET)
        assert ours.state is State.READY
    ours.release()
