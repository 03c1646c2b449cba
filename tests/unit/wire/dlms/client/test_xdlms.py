"""Requests and responses in plaintext."""

import pytest

from kwartier.model.register import Obis
from kwartier.wire.dlms.client import xdlms
from kwartier.wire.dlms.errors import AccessRefused, Malformed, NotAuthentic, OutOfTurn


def test_all_data_at_once() -> None:
    assert xdlms.get_response(bytes.fromhex("c401c1000601020304")) == xdlms.Whole(bytes.fromhex("0601020304"))


def test_a_meter_may_change_the_priority_bits() -> None:
    assert xdlms.get_response(bytes.fromhex("c401010000")) == xdlms.Whole(b"\0")


def test_a_block() -> None:
    found = xdlms.get_response(bytes.fromhex("c402c1000000000200820003616263"))
    assert found == xdlms.Block(2, last=False, data=b"abc")


@pytest.mark.parametrize("true", ["01", "02", "ff"])
def test_the_last_block_says_so_with_any_byte_but_0(true: str) -> None:
    assert xdlms.get_response(bytes.fromhex(f"c402c1{true}00000001000161")) == xdlms.Block(1, last=True, data=b"a")


@pytest.mark.parametrize("response", ["c401c10103", "c402c101000000010103"])
def test_a_reason_why_there_are_no_data(response: str) -> None:
    with pytest.raises(AccessRefused) as caught:
        xdlms.get_response(bytes.fromhex(response))
    assert caught.value.result == 3


@pytest.mark.parametrize(
    "response",
    [
        "", "c4", "c401c1", "c501c100", "c401c102", "c401c101", "c401c10100", "c401c1010300", "c402c1000000000100",
        "c402c10000000001000561", "c402c100000000010001610",
    ],
)  # fmt: skip
def test_no_get_response(response: str) -> None:
    with pytest.raises(Malformed):
        xdlms.get_response(bytes.fromhex(response + "0" * (len(response) % 2)))


@pytest.mark.parametrize("response", ["c401c200", "c403c100", "c400c100"])
def test_an_answer_to_something_else(response: str) -> None:
    with pytest.raises(OutOfTurn):
        xdlms.get_response(bytes.fromhex(response))


def test_the_answer_of_pass_4() -> None:
    assert xdlms.hls_pass_4(bytes.fromhex("c701c10001000903616263")) == b"abc"


@pytest.mark.parametrize("refused", ["c701c1030100090161", "c701c1", "c701c10c"])
def test_a_refused_pass_4(refused: str) -> None:
    with pytest.raises(NotAuthentic):
        xdlms.hls_pass_4(bytes.fromhex(refused))


@pytest.mark.parametrize(
    "response", ["", "c401c100", "c701c100", "c701c10000", "c701c1000100060161", "c701c1000100090261", "c701c10001000901616162"]
)
def test_no_pass_4(response: str) -> None:
    with pytest.raises(Malformed):
        xdlms.hls_pass_4(bytes.fromhex(response))


def test_a_pass_4_in_blocks_was_not_asked_for() -> None:
    with pytest.raises(OutOfTurn):
        xdlms.hls_pass_4(bytes.fromhex("c702c10001000900"))


@pytest.mark.parametrize(
    ("apdu", "found"),
    [("d80101", (1, 1, None)), ("d80106", (1, 6, None)), ("d80106000004d2", (1, 6, 1234)), ("d80205", (2, 5, None))],
)
def test_exception_responses(apdu: str, found: tuple[int, int, int | None]) -> None:
    error = xdlms.exception_response(bytes.fromhex(apdu))
    assert (error.state_error, error.service_error, error.counter) == found


@pytest.mark.parametrize("apdu", ["", "d8", "d801", "d8010100", "d801060000", "d80106000004d200", "d70101"])
def test_no_exception_response(apdu: str) -> None:
    with pytest.raises(Malformed):
        xdlms.exception_response(bytes.fromhex(apdu))


@pytest.mark.parametrize("data", ["", "06", "0600", "060000000000", "0500000000"])
def test_a_counter_is_a_u32(data: str) -> None:
    assert xdlms.double_long_unsigned(bytes.fromhex("0600000102")) == 258
    with pytest.raises(Malformed):
        xdlms.double_long_unsigned(bytes.fromhex(data))


ALARMS, IMAGE = Obis.parse("0-0:97.98.0"), Obis.parse("0-0:44.0.0")


def test_requests_byte_by_byte() -> None:
    assert xdlms.get(1, ALARMS, 2).hex() == "c001c1" + "0001" + "0000616200ff" + "02" + "00"
    assert xdlms.get(7, ALARMS, 2, b"\x01\x02").hex() == "c001c1" + "0007" + "0000616200ff" + "02" + "010102"
    assert (
        xdlms.set_attribute(1, ALARMS, 2, b"\x06\0\0\0\0").hex() == "c101c1" + "0001" + "0000616200ff" + "02" + "00" + "0600000000"
    )
    assert xdlms.action(18, IMAGE, 3, b"\x0f\0").hex() == "c301c1" + "0012" + "00002c0000ff" + "03" + "01" + "0f00"
    assert xdlms.action(70, IMAGE, 1).hex() == "c301c1" + "0046" + "00002c0000ff" + "01" + "00"


def test_what_was_set_is_set_or_refused() -> None:
    xdlms.set_response(bytes.fromhex("c501c100"))
    with pytest.raises(AccessRefused) as caught:
        xdlms.set_response(bytes.fromhex("c501c103"))
    assert caught.value.result == 3


@pytest.mark.parametrize("response", ["", "c5", "c501", "c501c1", "c501c10000", "c701c100", "c401c100"])
def test_no_set_response(response: str) -> None:
    with pytest.raises(Malformed):
        xdlms.set_response(bytes.fromhex(response))


@pytest.mark.parametrize("response", ["c501c200", "c502c100", "c505c100"])
def test_a_set_response_to_something_else(response: str) -> None:
    with pytest.raises(OutOfTurn):
        xdlms.set_response(bytes.fromhex(response))


@pytest.mark.parametrize(("response", "data"), [("c701c10000", ""), ("c701c10001000f00", "0f00"), ("c701c1000100090161", "090161")])
def test_what_a_method_returns(response: str, data: str) -> None:
    assert xdlms.action_response(bytes.fromhex(response)) == bytes.fromhex(data)


@pytest.mark.parametrize("response", ["c701c10200", "c701c102010101"])
def test_a_method_that_is_refused(response: str) -> None:
    with pytest.raises(AccessRefused) as caught:
        xdlms.action_response(bytes.fromhex(response))
    assert caught.value.result == xdlms.TEMPORARY_FAILURE


@pytest.mark.parametrize(
    "response",
    [
        "",
        "c7",
        "c701c1",
        "c701c100",
        "c701c1000000",
        "c701c10001",
        "c701c1000100",
        "c701c10001010f",
        "c701c10002000f00",
        "c501c10000",
    ],
)
def test_no_action_response(response: str) -> None:
    with pytest.raises(Malformed):
        xdlms.action_response(bytes.fromhex(response))


@pytest.mark.parametrize("response", ["c701c20000", "c702c10000"])
def test_an_action_response_to_something_else(response: str) -> None:
    with pytest.raises(OutOfTurn):
        xdlms.action_response(bytes.fromhex(response))
