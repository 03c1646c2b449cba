"""Numbers, addresses, EANs: each once, valid, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.ean import Ean, check_digit
from kwartier.simulator import identity

NUMBERS = st.integers(0, 0xFFFFFF)


@given(NUMBERS)
def test_a_number_is_the_low_24_bits_of_its_address(number: int) -> None:
    assert identity.host(number).startswith("127.")
    assert identity.number_of(identity.host(number)) == number


@given(NUMBERS, NUMBERS)
def test_ids_have_their_form_and_are_each_once(one: int, other: int) -> None:
    assert len(identity.equipment_id(one)) == 17
    assert len(identity.system_title(one)) == 8
    if one != other:
        assert identity.equipment_id(one) != identity.equipment_id(other)
        assert identity.system_title(one) != identity.system_title(other)
        assert identity.keys(1, one) != identity.keys(1, other)


def test_keys_follow_from_the_seed() -> None:
    assert identity.keys(1, 5) == identity.keys(1, 5)
    assert identity.keys(1, 5) != identity.keys(2, 5)
    assert {len(key) for key in identity.keys(1, 5)} == {16}


@given(st.integers(0, identity.MOST_HOMES - 1))
def test_eans_are_valid_and_differ_by_product(home: int) -> None:
    electricity, gas = (Ean.parse(f(home)) for f in (identity.electricity_ean, identity.gas_ean))
    assert electricity != gas
    assert electricity.reveal().startswith("87168740")


@pytest.mark.parametrize("index", [1, 12, 9999])
def test_party_codes_are_thirteen_digits_with_a_check_digit(index: int) -> None:
    code = identity.party_code(index)
    assert len(code) == 13
    assert int(code[-1]) == check_digit(code[:-1])


def test_homes_and_stations_are_told_apart() -> None:
    assert identity.place(identity.home_number(7)) == (False, 7)
    assert identity.place(identity.station_number(7)) == (True, 7)
    assert identity.place(1)[1] < 0


def test_customer_numbers_say_nothing_and_are_each_once() -> None:
    codes = [identity.subject_code(1, home, former) for home in range(5000) for former in range(2)]
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes} == {8}
    assert codes != sorted(codes)
