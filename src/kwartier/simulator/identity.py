"""Who is who in the town: numbers of meters, and everything that follows from a number. All of it is fictitious.

A meter's number is the low 24 bits of its loopback address 127.x.y.z, so an idle meter costs no memory at all.
"""

import hashlib
from ipaddress import IPv4Address
from typing import NamedTuple

from kwartier.model.ean import check_digit

_FIRST_HOME = 0x100000
_FIRST_STATION = 0x800000
_LOOPBACK = 127 << 24
MOST_HOMES = _FIRST_STATION - _FIRST_HOME
_EAN_PREFIX = "87168740"
_PARTY_PREFIX = "87168749"


class MeterKeys(NamedTuple):
    """Global unicast encryption key and global authentication key, 16 bytes each."""

    guek: bytes
    gak: bytes


def home_number(home: int) -> int:
    """Return the number of the meter of a home."""
    return _FIRST_HOME + home


def station_number(transformer: int) -> int:
    """Return the number of the station meter of a transformer."""
    return _FIRST_STATION + transformer


def place(number: int) -> tuple[bool, int]:
    """Return whether a number is a station meter's, and the index of transformer or home (below 0: neither)."""
    if number >= _FIRST_STATION:
        return True, number - _FIRST_STATION
    return False, number - _FIRST_HOME


def host(number: int) -> str:
    """Return the address of a meter."""
    return str(IPv4Address(_LOOPBACK | number))


def number_of(address: str) -> int:
    """Return the number of the meter at an address."""
    return int(IPv4Address(address)) & 0xFFFFFF


def equipment_id(number: int) -> str:
    """Return the 17 characters on the meter: type code, serial number, year (DSMR P3 4.2.2)."""
    kind = "E0099" if number >= _FIRST_STATION else "E0088"
    return f"{kind}{number * 397 % 10**10:010d}{20 + number % 6}"


def gas_equipment_id(number: int) -> str:
    """Return the 17 characters on the gas meter that hangs on this meter."""
    return f"G0077{number * 389 % 10**10:010d}{20 + number % 6}"


def system_title(number: int) -> bytes:
    """Return the eight bytes of the meter's system title."""
    return b"KWT" + number.to_bytes(5, "big")


def keys(seed: int, number: int) -> MeterKeys:
    """Return the keys of a meter. They protect nothing but a simulated town."""
    digest = hashlib.sha256(f"town {seed} meter {number}".encode()).digest()
    return MeterKeys(digest[:16], digest[16:])


def electricity_ean(home: int) -> str:
    """Return the EAN-18 of the electricity connection of a home."""
    return _checked(f"{_EAN_PREFIX}{100_000_000 + home:09d}")


def gas_ean(home: int) -> str:
    """Return the EAN-18 of the gas connection of a home."""
    return _checked(f"{_EAN_PREFIX}{500_000_000 + home:09d}")


def party_code(index: int) -> str:
    """Return the EAN-13 of a market party."""
    return _checked(f"{_PARTY_PREFIX}{index:04d}")


def _checked(digits: str) -> str:
    """Append the check digit."""
    return f"{digits}{check_digit(digits)}"


def subject_code(seed: int, home: int, former: int) -> str:
    """Return the customer number of the `former`-th last occupant of a home (0: the present one). Eight digits, each once."""
    prime = 99_999_989
    spread = int.from_bytes(hashlib.sha256(f"town {seed} subjects".encode()).digest()[:6], "big") % (prime - 1) + 1
    return f"{((home * 4 + former + 1) * spread) % prime:08d}"
