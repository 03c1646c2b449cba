"""The public client."""

import pytest

import dlms_support as meter
from kwartier.model.register import Obis
from kwartier.wire.dlms.client.association import Released, Send
from kwartier.wire.dlms.client.public import PublicClient, PublicState
from kwartier.wire.dlms.errors import AssociationRefused, DlmsError, ExceptionAnswer, Malformed, Misuse, OutOfTurn

COUNTER = Obis.parse("0-0:43.1.0")


def reading() -> PublicClient:
    client = PublicClient(COUNTER)
    client.start()
    client.receive(meter.PUBLIC_AARE)
    return client


def test_the_whole_course() -> None:
    client = PublicClient(COUNTER)
    frame = client.start()
    theirs = meter.Meter(counter=4711)
    for _ in range(2):
        event = client.receive(theirs.answer(frame[8:]))
        assert isinstance(event, Send)
        frame = event.frame
    assert client.standing
    assert client.receive(theirs.answer(frame[8:])) == Released()
    assert client.counter == 4711
    assert not client.standing


def test_a_meter_that_does_not_tell_is_released_all_the_same() -> None:
    client = reading()
    event = client.receive(bytes.fromhex("c401c10103"))
    assert isinstance(event, Send)
    assert event.frame[8:].hex() == "6203800100"
    client.receive(meter.RLRE)
    assert client.counter is None


@pytest.mark.parametrize("apdu", ["d80101", "c402c10100000001000100", "c401c1000900", "", "61", "c401c200"])
def test_nonsense_is_refused_and_a_release_still_allowed(apdu: str) -> None:
    client = reading()
    with pytest.raises(DlmsError):
        client.receive(bytes.fromhex(apdu))
    assert client.state is PublicState.BROKEN
    assert client.release()[8:].hex() == "6203800100"


def test_an_exception_response_is_one() -> None:
    client = PublicClient(COUNTER)
    client.start()
    with pytest.raises(ExceptionAnswer):
        client.receive(bytes.fromhex("d80101"))
    assert not client.standing


@pytest.mark.parametrize("initiate", ["0800065f1f0400001010ffff00fa", "0800065f1f04000000010400" + "0007", "0e010600"])
def test_whoever_accepted_is_released_whatever_else_it_said(initiate: str) -> None:
    """A server in the field stays bound to the public client until it gets its release."""
    user = meter.tlv(0xBE, meter.tlv(4, bytes.fromhex(initiate)))
    client = PublicClient(COUNTER)
    client.start()
    with pytest.raises(DlmsError):
        client.receive(meter.tlv(0x61, bytes.fromhex("a109060760857405080101a203020100a305a103020100") + user))
    assert client.release()[8:].hex() == "6203800100"


def test_a_refusal_is_not_released() -> None:
    client = PublicClient(COUNTER)
    client.start()
    with pytest.raises(AssociationRefused):
        client.receive(meter.refusal())
    with pytest.raises(Misuse):
        client.release()


def test_a_protected_answer_to_an_unprotected_client_is_none() -> None:
    client = PublicClient(COUNTER)
    client.start()
    with pytest.raises(Malformed):
        client.receive(meter.aare())


def test_calls_out_of_turn() -> None:
    client = PublicClient(COUNTER)
    with pytest.raises(Misuse):
        client.release()
    with pytest.raises(OutOfTurn):
        client.receive(meter.PUBLIC_AARE)
    started = PublicClient(COUNTER)
    started.start()
    with pytest.raises(Misuse):
        started.start()
