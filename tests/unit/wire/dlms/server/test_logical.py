"""SET and ACTION: what the management client may change at a meter, what it may not, and what the meter remembers of it."""

from dataclasses import replace

import pytest

from kwartier.wire.dlms.server import events
from kwartier.wire.dlms.server.connection import Stage
from meter_support import ALARMS, CLIENT, DOOR, NOW, PUBLIC_AARQ, Probe, ber, call, device, get, put

DENIED, UNDEFINED, INCONSISTENT, UNMATCHED, OTHER = 3, 4, 9, 12, 250
UNKNOWN, NOT_POSSIBLE, MALFORMED = (bytes.fromhex(h) for h in ("d80202", "d80101", "d80103"))
ZERO = bytes.fromhex("0600000000")


def test_a_set_byte_by_byte() -> None:
    probe = Probe().associate()
    asked = bytes.fromhex("c101c1000100006162 00ff02 00 0600000002")
    assert asked == put(1, "0-0:97.98.0", 2, bytes.fromhex("0600000002"))
    assert probe.raw(ber(0xC9, probe.seal(asked)))[:1] == b"\xcd"
    assert probe.glo(put(1, "0-0:97.98.0", 2, ZERO)).hex() == "c501c100"
    assert probe.glo(get(1, "0-0:97.98.0", 2)).hex() == "c401c10006" + "00000000"
    assert probe.events.count(events.AttributeWritten(1, 1, ALARMS, 2)) == 2


def test_an_action_byte_by_byte() -> None:
    probe = Probe().associate()
    asked = bytes.fromhex("c301c10046000060030aff01010902abcd")
    assert asked == call(70, "0-0:96.3.10", 1, bytes.fromhex("0902abcd"))
    assert probe.glo(asked).hex() == "c701c100" + "0100" + "0902abcd"
    assert probe.glo(call(70, "0-0:96.3.10", 1)).hex() == "c701c100" + "00"
    assert probe.events.count(events.MethodCalled(1, 70, DOOR, 1)) == 2


def test_general_glo_carries_both() -> None:
    probe = Probe().associate()
    assert probe.general(put(1, "0-0:97.98.0", 2, ZERO)).hex() == "c501c100"
    assert probe.general(call(70, "0-0:96.3.10", 1)).hex() == "c701c10000"


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (put(1, "0-0:96.1.1", 2, ZERO), DENIED),
        (put(8, "0-0:1.0.0", 2, ZERO), DENIED),
        (put(7, "1-0:99.1.0", 2, ZERO), DENIED),
        (put(1, "0-0:97.98.0", 1, ZERO), DENIED),
        (put(1, "0-0:97.98.9", 2, ZERO), UNDEFINED),
        (put(3, "0-0:97.98.0", 2, ZERO), INCONSISTENT),
        (put(1, "0-0:97.98.0", 2, ZERO + b"\x00"), UNMATCHED),
        (put(1, "0-0:97.98.0", 2, b"\x05" + bytes(4)), UNMATCHED),
        (put(1, "0-0:97.98.0", 2, bytes.fromhex("06ffffffff")), OTHER),
        (put(1, "0-0:97.98.0", 2, ZERO).replace(b"\x02\x00\x06", b"\x02\x01\x06"), UNMATCHED),
    ],
    ids=["data", "clock", "profile", "logical name", "nothing there", "class", "longer", "type", "refused", "selector"],
)
def test_one_set_is_denied_and_remembered_and_the_association_stands(request_: bytes, result: int) -> None:
    probe = Probe().associate()
    assert probe.glo(request_).hex() == "c501c1" + bytes((result,)).hex()
    assert [e.result for e in probe.events if isinstance(e, events.SetDenied)] == [result]
    assert not any(isinstance(e, events.AttributeWritten) for e in probe.events)
    assert probe.glo(get(1, "0-0:97.98.0", 2)).hex() == "c401c10006" + "00002002"


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (call(1, "0-0:97.98.0", 1), DENIED),
        (call(1, "0-0:96.1.1", 1), DENIED),
        (call(15, "0-0:40.0.0", 1, b"\x09\x00"), UNDEFINED),
        (call(71, "0-0:96.3.10", 1), INCONSISTENT),
        (call(70, "0-0:96.3.10", 1, b"\x09\x03ab"), UNMATCHED),
    ],
    ids=["value", "data", "the association once more", "class", "half a string"],
)
def test_one_action_is_denied_and_remembered_and_the_association_stands(request_: bytes, result: int) -> None:
    probe = Probe().associate()
    assert probe.glo(request_).hex() == "c701c1" + bytes((result,)).hex() + "00"
    assert [e.result for e in probe.events if isinstance(e, events.ActionDenied)] == [result]
    assert probe.connection.stage is Stage.ASSOCIATED


def test_a_method_that_has_begun_and_tells_its_result_later_was_called() -> None:
    probe = Probe().associate()
    assert probe.glo(call(70, "0-0:96.3.10", 2)).hex() == "c701c10200"
    assert events.MethodCalled(1, 70, DOOR, 2) in probe.events
    assert not any(isinstance(e, events.ActionDenied) for e in probe.events)


@pytest.mark.parametrize("request_", [put(1, "0-0:97.98.0", 2, ZERO), call(70, "0-0:96.3.10", 1)])
def test_the_public_client_has_neither(request_: bytes) -> None:
    probe = Probe()
    probe.raw(PUBLIC_AARQ, 16)
    assert probe.raw(request_, 16) == UNKNOWN
    assert probe.raw(ber(request_[0] + 8, probe.seal(request_)), 16) == UNKNOWN
    probe.raw(bytes.fromhex("6203800100"), 16)
    assert probe.associate().glo(get(1, "0-0:97.98.0", 2))[-4:].hex() == "00002002"


def test_before_pass_3_and_without_ciphering_there_is_neither() -> None:
    probe = Probe()
    probe.raw(probe.aarq())
    assert probe.raw(ber(0xC9, probe.seal(put(1, "0-0:97.98.0", 2, ZERO)))) == NOT_POSSIBLE
    assert probe.glo(call(70, "0-0:96.3.10", 1)).hex() == "c701c10300"
    assert Probe().associate().raw(put(1, "0-0:97.98.0", 2, ZERO)) == NOT_POSSIBLE


@pytest.mark.parametrize(
    ("plain", "answer"),
    [
        (put(1, "0-0:97.98.0", 2, b""), MALFORMED),
        (put(1, "0-0:97.98.0", 2, ZERO).replace(b"\x02\x00\x06", b"\x02\x02\x06"), MALFORMED),
        (b"\xc1\x02" + put(1, "0-0:97.98.0", 2, ZERO)[2:], UNKNOWN),
        (b"\xc1\x04\xc1\x00", UNKNOWN),
        (b"\xc3\x04\xc1\x00", UNKNOWN),
    ],
    ids=["no value", "no flag", "blocks", "a list", "an action in blocks"],
)
def test_what_is_no_such_request_is_answered_by_an_exception(plain: bytes, answer: bytes) -> None:
    assert Probe().associate().glo(plain) == answer


def test_the_tag_of_a_set_is_its_own() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xC8, probe.seal(put(1, "0-0:97.98.0", 2, ZERO)))) == UNKNOWN
    assert probe.raw(ber(0xC9, probe.seal(get(1, "0-0:97.98.0", 2)))) == UNKNOWN
    assert probe.raw(ber(0xDB, CLIENT) + ber(0, probe.seal(b"\xc2\x01"))[1:]) == UNKNOWN


def test_the_meter_is_told_when_its_client_has_left() -> None:
    left: list[int] = []
    meter = replace(device(), left=left.append)
    probe = Probe(meter)
    probe.raw(PUBLIC_AARQ, 16)
    probe.raw(bytes.fromhex("6203800100"), 16)
    probe.raw(probe.aarq())
    probe.raw(bytes.fromhex("6203800100"))
    assert left == []
    probe.associate()
    probe.raw(bytes.fromhex("6203800100"))
    assert left == [NOW]
    probe.associate().connection.end(NOW + 7)
    probe.connection.end(NOW + 8)
    assert left == [NOW, NOW + 7]
