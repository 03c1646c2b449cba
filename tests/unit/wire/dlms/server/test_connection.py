"""One connection to one meter: who gets in, what they may ask, and what the meter does with everything else."""

from collections.abc import Callable

import pytest

from kwartier.model.register import Obis
from kwartier.wire.dlms.server import events
from kwartier.wire.dlms.server.connection import Connection, Stage
from kwartier.wire.dlms.server.device import Counters
from kwartier.wire.dlms.server.errors import BadFrame
from meter_support import (
    CLIENT,
    CTOS,
    GAK,
    GUEK,
    INITIATE,
    NOW,
    PUBLIC_AARQ,
    TITLE,
    Probe,
    ber,
    by_range,
    date_time,
    device,
    get,
    wrapped,
)

DENIED, UNDEFINED, INCONSISTENT, UNMATCHED = 3, 4, 9, 12
NOT_POSSIBLE, UNKNOWN, DECIPHERING, OTHER = (bytes.fromhex(h) for h in ("d80101", "d80202", "d80105", "d80103"))
PROFILE = "1-0:99.1.0"
DAY = by_range(date_time("07ea0b16ff00000000ffc400"), date_time("07ea0b17ff00000000ffc400"))


def result_of(answer: bytes) -> int:
    """The data-access-result of a GET-response-normal."""
    assert answer[:2] == b"\xc4\x01"
    assert answer[3] == 1
    return answer[4]


def stage_of(probe: Probe) -> Stage:
    """How far the client has come."""
    return probe.connection.stage


def test_a_meter_shows_no_key() -> None:
    shown = repr(device())
    assert repr(GUEK)[2:-1] not in shown
    assert repr(GAK)[2:-1] not in shown


# The public client


def test_the_public_client_reads_the_counter_and_the_clock() -> None:
    probe = Probe(device(counters=Counters(client=4711)))
    assert (
        probe.raw(PUBLIC_AARQ, 16).hex()
        == "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001014040000" + "07"
    )
    assert probe.raw(get(1, "0-0:43.1.0", 2), 16).hex() == "c401c10006" + (4711).to_bytes(4, "big").hex()
    assert probe.raw(get(8, "0-0:1.0.0", 2), 16).hex() == "c401c100090c07ea0b160700000000ffc400"
    assert probe.raw(bytes.fromhex("6203800100"), 16).hex() == "6303800100"
    assert probe.connection.stage is Stage.IDLE


@pytest.mark.parametrize(
    "request_", [get(7, PROFILE, 2, DAY), get(7, PROFILE, 2), get(7, PROFILE, 3), get(1, "0-0:96.1.1", 2), get(3, "1-0:1.8.0", 2)]
)
def test_the_public_client_gets_nothing_else(request_: bytes) -> None:
    probe = Probe()
    probe.raw(PUBLIC_AARQ, 16)
    assert result_of(probe.raw(request_, 16)) == DENIED


def test_the_public_client_has_no_action_and_no_ciphering() -> None:
    probe = Probe()
    probe.raw(PUBLIC_AARQ, 16)
    assert probe.raw(probe.pass_3(), 16) == UNKNOWN
    assert probe.raw(ber(0xC8, probe.seal(get(7, PROFILE, 2, DAY))), 16) == UNKNOWN


def test_the_counter_it_reads_is_always_the_present_one() -> None:
    probe = Probe()
    for expected in (0, 5):
        probe.raw(PUBLIC_AARQ, 16)
        assert probe.raw(get(1, "0-0:43.1.0", 2), 16)[-4:] == expected.to_bytes(4, "big")
        probe.raw(bytes.fromhex("6203800100"), 16)
        probe.ic = max(probe.ic, 3)
        probe.associate()
        probe.raw(bytes.fromhex("6203800100"))


# The management client


def test_four_passes_let_the_management_client_in() -> None:
    probe = Probe()
    answer = probe.raw(probe.aarq())
    assert answer[2:].startswith(bytes.fromhex("a109060760857405080103a203020100a305a10302010ea40a0408") + TITLE)
    assert stage_of(probe) is Stage.PENDING
    reply = probe.glo(probe.pass_3())
    assert reply[:8].hex() == "c701c10001000911"
    assert reply[8:] == probe.gmac(TITLE, int.from_bytes(reply[9:13], "big"), CTOS)
    assert stage_of(probe) is Stage.ASSOCIATED
    assert events.Associated(1) in probe.events


def test_the_initiate_response_inside_is_ciphered_and_says_1024() -> None:
    probe = Probe()
    answer = probe.raw(probe.aarq())
    inner = answer[answer.index(b"\xbe") + 4 :]
    assert inner[0] == 0x28
    assert probe.unseal(inner[2:]).hex() == "0800065f1f040000101d0400" + "0007"


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_challenges_of_8_to_64_bytes_are_answered(size: int) -> None:
    probe = Probe()
    probe.raw(probe.aarq(ctos=bytes(size)))
    reply = probe.glo(probe.pass_3())
    assert reply[8:] == probe.gmac(TITLE, int.from_bytes(reply[9:13], "big"), bytes(size))


@pytest.mark.parametrize(
    ("aarq", "diagnostic"),
    [
        (lambda p: p.aarq(ctos=bytes(7)), 1),
        (lambda p: p.aarq(ctos=bytes(65)), 1),
        (lambda p: p.aarq(mechanism=bytes.fromhex("60857405080202")), 11),
        (lambda p: p.aarq().replace(bytes.fromhex("60857405080103"), bytes.fromhex("60857405080101")), 2),
        (lambda _: PUBLIC_AARQ, 2),
    ],
    ids=["challenge short", "challenge long", "another mechanism", "context without ciphering", "no security at all"],
)
def test_who_does_not_fit_is_rejected_for_good(aarq: Callable[[Probe], bytes], diagnostic: int) -> None:
    probe = Probe()
    answer = probe.raw(aarq(probe))
    assert answer[:1] == b"\x61"
    assert answer[13:18] == bytes.fromhex("a203020101")
    assert answer[-1] == diagnostic
    assert probe.connection.stage is Stage.IDLE


def test_other_clients_than_the_two_are_rejected() -> None:
    assert Probe().raw(PUBLIC_AARQ, 102)[13:18] == bytes.fromhex("a203020101")


def test_a_pdu_size_without_room_is_rejected() -> None:
    probe = Probe()
    assert probe.raw(probe.aarq(initiate=INITIATE[:-2] + b"\x00\x3f"))[13:18] == bytes.fromhex("a203020101")


def test_a_false_reply_ends_the_association() -> None:
    probe = Probe()
    probe.raw(probe.aarq())
    false = probe.pass_3()[:-1] + b"\x00"
    assert probe.glo(false)[:4].hex() == "c701c103"
    assert probe.connection.stage is Stage.IDLE
    assert probe.raw(ber(0xC8, probe.seal(get(7, PROFILE, 2)))) == NOT_POSSIBLE


def test_before_pass_3_nothing_is_given() -> None:
    probe = Probe()
    probe.raw(probe.aarq())
    assert probe.raw(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2)))) == NOT_POSSIBLE


def test_a_second_aarq_is_rejected_and_the_first_association_stands() -> None:
    probe = Probe().associate()
    assert probe.raw(probe.aarq())[13:18] == bytes.fromhex("a203020101")
    assert probe.glo(get(1, "0-0:96.1.1", 2))[3] == 0


def test_another_client_cannot_use_the_association() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2))), sap=16) == NOT_POSSIBLE


# Ciphering and its policy


def test_the_answer_comes_in_the_form_asked() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2))))[:1] == b"\xcc"
    general = probe.raw(ber(0xDB, CLIENT) + ber(0, probe.seal(get(1, "0-0:96.1.1", 2)))[1:])
    assert general[:10] == b"\xdb\x08" + TITLE
    assert probe.general(get(1, "0-0:96.1.1", 2), title=b"")[3] == 0


def test_general_glo_carries_the_whole_association() -> None:
    probe = Probe()
    probe.raw(probe.aarq())
    assert probe.general(probe.pass_3())[:4].hex() == "c701c100"
    assert probe.general(get(1, "0-0:96.1.1", 2)).hex() == "c401c1000911" + b"E0088000000000126".hex()


def test_a_request_without_ciphering_is_refused() -> None:
    assert Probe().associate().raw(get(1, "0-0:96.1.1", 2)) == NOT_POSSIBLE


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20, 0x31])
def test_weaker_protection_is_refused(control: int) -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2), control))) == DECIPHERING


def test_a_forged_frame_does_not_move_the_counter() -> None:
    probe = Probe().associate()
    before = probe.meter.counters.client
    probe.ic = 1_000_000
    forged = bytearray(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2))))
    forged[-1] ^= 1
    assert probe.raw(bytes(forged)) == DECIPHERING
    assert probe.meter.counters.client == before


def test_a_foreign_title_in_general_glo_is_refused() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xDB, b"KWHE\x00\x00\x00\x02") + ber(0, probe.seal(get(1, "0-0:96.1.1", 2)))[1:]) == DECIPHERING


def test_the_tag_has_to_fit_what_is_inside() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xCB, probe.seal(get(1, "0-0:96.1.1", 2)))) == UNKNOWN
    assert probe.raw(ber(0xDB, CLIENT) + ber(0, probe.seal(b"\xc2\x01"))[1:]) == UNKNOWN


@pytest.mark.parametrize("tag", [0x01, 0xCA, 0xD0, 0xD4, 0xFF])
def test_unknown_services_are_unknown(tag: int) -> None:
    assert Probe().associate().raw(bytes((tag, 1, 2, 3))) == UNKNOWN


# Counters


def test_a_counter_that_did_not_rise_is_answered_by_the_one_expected() -> None:
    probe = Probe(device(counters=Counters(client=5000)), ic=77)
    assert probe.raw(probe.aarq()).hex() == "d80106" + (5001).to_bytes(4, "big").hex()
    probe.ic = 5001
    probe.associate()


def test_or_by_silence() -> None:
    probe = Probe(device(counters=Counters(client=5000), tells_counter=False), ic=5000)
    assert probe.raw(probe.aarq()) == b""
    assert events.Refused(1, "invocation_counter") in probe.events


def test_within_an_association_it_has_to_rise_too_and_may_jump() -> None:
    probe = Probe().associate()
    probe.ic += 1000
    assert probe.glo(get(1, "0-0:96.1.1", 2))[3] == 0
    probe.ic -= 1
    expected = probe.meter.counters.client + 1
    assert probe.raw(ber(0xC8, probe.seal(get(1, "0-0:96.1.1", 2)))) == b"\xd8\x01\x06" + expected.to_bytes(4, "big")


def test_it_holds_over_all_connections_to_the_meter() -> None:
    first = Probe().associate()
    second = Probe(first.meter, ic=first.ic - 1)
    assert second.raw(second.aarq())[:3].hex() == "d80106"


def test_the_last_counter_of_all_is_taken_and_uses_up_the_key() -> None:
    probe = Probe(ic=0xFFFFFFFF)
    assert probe.raw(probe.aarq())[:1] == b"\x61"
    probe.ic = 0xFFFFFFFF
    assert probe.raw(ber(0xC8, probe.seal(b"\xc0"))).hex() == "d80106ffffffff"


def test_the_meter_never_uses_a_counter_of_its_own_twice_and_stops_when_they_are_used_up() -> None:
    probe = Probe(device(counters=Counters(server=0xFFFFFFFE)))
    assert probe.raw(probe.aarq())[:1] == b"\x61"
    assert probe.raw(ber(0xCB, probe.seal(probe.pass_3()))) == OTHER
    assert probe.meter.counters.server == 0x1_0000_0000


def test_a_gmac_may_share_the_counter_of_its_pdu_and_both_are_told() -> None:
    probe = Probe()
    probe.raw(probe.aarq())
    shared = probe.ic
    assert probe.glo(probe.pass_3(gmac_ic=shared))[:4].hex() == "c701c100"
    taken = [e for e in probe.events if isinstance(e, events.CounterTaken) and e.counter == shared]
    assert taken == [events.CounterTaken(CLIENT, shared), events.CounterTaken(CLIENT, shared, mac=True)]


def test_a_gmac_under_an_older_counter_is_false() -> None:
    probe = Probe(ic=50)
    probe.raw(probe.aarq())
    assert probe.glo(probe.pass_3(gmac_ic=50))[:4].hex() == "c701c103"


# GET


def test_a_day_is_97_rows_with_both_boundaries() -> None:
    probe = Probe(device(count=300)).associate()
    answer = probe.glo(get(7, PROFILE, 2, DAY))
    data = answer[12:]
    blocks = 1
    assert answer[:9].hex() == "c402c1" + "00" + "00000001" + "00"
    while not answer[3]:
        answer = probe.glo(b"\xc0\x02\xc1" + blocks.to_bytes(4, "big"))
        blocks += 1
        assert int.from_bytes(answer[4:8], "big") == blocks
        data += answer[9 + (1 if answer[9] < 128 else answer[9] - 127) :]
    assert data[:3] == b"\x01\x61\x02"
    assert len(data) == 2 + 97 * 23
    assert events.BufferRead(1, Obis.parse(PROFILE), NOW, NOW + 86400, 97) in probe.events


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("pdu", [64, 100, 256, 400, 1024, 0, 0xFFFF])
def test_no_answer_is_longer_than_agreed_and_blocks_add_up(pdu: int, general: bool) -> None:  # noqa: FBT001 - a parameter of the test
    whole = Probe(device(count=60))
    whole.raw(whole.aarq(initiate=INITIATE[:-2] + pdu.to_bytes(2, "big")))
    whole.glo(whole.pass_3())
    data, number, last = b"", 0, False
    while not last:
        plain = b"\xc0\x02\xc1" + number.to_bytes(4, "big") if number else get(7, PROFILE, 2)
        sealed = whole.seal(plain)
        raw = whole.raw(ber(0xDB, CLIENT) + ber(0, sealed)[1:] if general else ber(0xC8, sealed))
        assert len(raw) <= min(pdu or 1024, 1024)
        answer = whole.open_answer(raw)
        assert answer[1] == 2
        last, number = bool(answer[3]), number + 1
        data += answer[9 + (1 if answer[9] < 128 else answer[9] - 127) :]
    assert len(data) == 2 + 60 * 23


def test_without_block_transfer_long_data_are_not_given() -> None:
    probe = Probe()
    probe.raw(probe.aarq(initiate=INITIATE[:-5] + bytes.fromhex("00001504 00".replace(" ", ""))))
    probe.glo(probe.pass_3())
    assert result_of(probe.glo(get(7, PROFILE, 2))) == 250


def test_a_block_that_was_not_sent_ends_the_transfer() -> None:
    probe = Probe().associate()
    probe.glo(get(7, PROFILE, 2))
    assert probe.glo(bytes.fromhex("c002c100000007")).hex() == "c402c1010000000701" + "13"
    assert probe.glo(bytes.fromhex("c002c100000001")).hex() == "c402c1010000000101" + "10"


def test_after_the_last_block_there_is_none() -> None:
    probe = Probe(device(count=60)).associate()
    probe.glo(get(7, PROFILE, 2))
    assert probe.glo(bytes.fromhex("c002c100000001"))[3] == 1
    assert probe.glo(bytes.fromhex("c002c100000002"))[-1] == 0x13


def test_another_get_ends_the_transfer() -> None:
    probe = Probe().associate()
    probe.glo(get(7, PROFILE, 2))
    probe.glo(get(1, "0-0:96.1.1", 2))
    assert probe.glo(bytes.fromhex("c002c100000001"))[-1] == 0x10


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (get(1, "0-0:96.1.9", 2), UNDEFINED),
        (get(3, "0-0:96.1.1", 2), INCONSISTENT),
        (get(1, "0-0:96.1.1", 3), DENIED),
        (get(7, PROFILE, 2, b"\x01\x02\x04"), UNMATCHED),
        (get(1, "0-0:96.1.1", 2, DAY), UNMATCHED),
    ],
    ids=["no such object", "another class", "no such attribute", "half a selector", "a selector without a table"],
)
def test_one_get_is_denied_and_the_association_stands(request_: bytes, result: int) -> None:
    probe = Probe().associate()
    assert result_of(probe.glo(request_)) == result
    assert any(isinstance(e, events.GetDenied) and e.result == result for e in probe.events)
    assert probe.glo(get(1, "0-0:96.1.1", 1)).hex() == "c401c1000906" + "0000600101ff"


def test_get_with_list_is_not_supported() -> None:
    probe = Probe().associate()
    assert probe.raw(ber(0xC8, probe.seal(b"\xc0\x03\xc1\x00"))) == UNKNOWN


# Release


def test_release_ciphered_and_not_each_in_its_own_form() -> None:
    probe = Probe().associate()
    sealed = ber(0x62, b"\x80\x01\x00" + ber(0xBE, ber(0x04, ber(0x21, probe.seal(INITIATE)))))
    answer = probe.raw(sealed)
    assert answer[:5].hex() == "632880" + "0100"
    assert probe.unseal(answer[answer.index(b"\x28\x1f") + 2 :])[:1] == b"\x08"
    probe.associate()
    assert probe.raw(bytes.fromhex("6203800100")).hex() == "6303800100"
    assert probe.events.count(events.Released(1)) == 2
    assert probe.connection.stage is Stage.IDLE


def test_a_forged_ciphered_release_does_not_release() -> None:
    probe = Probe().associate()
    forged = ber(0x62, b"\x80\x01\x00" + ber(0xBE, ber(0x04, ber(0x21, probe.seal(INITIATE)[:-1] + b"\x00"))))
    assert probe.raw(forged) == DECIPHERING
    assert probe.connection.stage is Stage.ASSOCIATED


# Frames


def test_a_frame_for_another_logical_device_is_refused() -> None:
    frame = bytearray(wrapped(PUBLIC_AARQ, 16))
    frame[5] = 2
    assert next(Connection(device(), bytes).receive(bytes(frame), NOW)).data[8:] == NOT_POSSIBLE


def test_a_pdu_longer_than_the_meter_takes_is_refused() -> None:
    assert Probe().raw(bytes(1025)).hex() == "d80104"


def test_what_is_no_wrapper_is_the_end_of_the_connection() -> None:
    with pytest.raises(BadFrame):
        list(Connection(device(), bytes).receive(b"GET / HTTP/1.1\r\n", NOW))


def test_frames_may_come_in_pieces_and_together() -> None:
    connection = Connection(device(), bytes)
    stream = wrapped(PUBLIC_AARQ, 16) + wrapped(get(8, "0-0:1.0.0", 2), 16)
    replies = [reply for byte in stream for reply in connection.receive(bytes((byte,)), NOW)]
    assert [reply.data[8] for reply in replies] == [0x61, 0xC4]
    assert len(list(Connection(device(), bytes).receive(stream, NOW))) == 2
