r"""S16: firmware image files, and whether a manufacturer that we trust signed them. Pure.

The file: `KWFW1\n`, model (length u8, ASCII), version (length u8, ASCII), body (length u32 big endian), and an Ed25519 signature
over all before it. The meter verifies the same by itself, whatever was checked here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kwartier.devices.errors import NotFirmware, NotGenuine

MAGIC: Final = b"KWFW1\n"
_SIGNATURE: Final = 64
_LENGTH: Final = 4
LARGEST: Final = 1 << 24
"""Bytes of an image at most: 16 MiB."""


@final
@dataclass(frozen=True, slots=True)
class Firmware:
    """A genuine image: for which model, which version, and the file as it is sent."""

    model: str
    version: str
    image: bytes


def parse(image: bytes) -> Firmware:
    """Read what an image file says of itself, unchecked. Raises NotFirmware."""
    if not image.startswith(MAGIC) or len(image) > LARGEST:
        msg = "this is no firmware image file, or one of more than 16 MiB"
        raise NotFirmware(msg)
    model, at = _word(image, len(MAGIC))
    version, at = _word(image, at)
    end = at + _LENGTH + int.from_bytes(image[at : at + _LENGTH], "big") + _SIGNATURE
    if end != len(image):
        msg = "the firmware image file is cut off, or longer than it says"
        raise NotFirmware(msg)
    return Firmware(model, version, image)


def check(image: bytes, trusted: Iterable[bytes]) -> Firmware:
    """Return the firmware in a file that one of the trusted Ed25519 keys (32 bytes) signed. Raises NotFirmware, NotGenuine."""
    found = parse(image)
    signed, signature = image[:-_SIGNATURE], image[-_SIGNATURE:]
    for key in trusted:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        except (InvalidSignature, ValueError):
            continue
        return found
    msg = "no manufacturer that we trust signed this firmware as it is"
    raise NotGenuine(msg)


def is_older(version: str, other: str) -> bool:
    """True if `version` comes before `other`: numbers between dots, as 5.0.9 before 5.0.10. Of anything else nothing is known."""
    try:
        one, two = (tuple(int(part) for part in text.split(".")) for text in (version, other))
    except ValueError:
        return False
    return one < two


def _word(image: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + (image[at] if at < len(image) else 0)
    word = image[at + 1 : end]
    if not word or end > len(image) or not word.isascii() or not word.decode("ascii").isprintable():
        msg = "the firmware image file names no model or version"
        raise NotFirmware(msg)
    return word.decode("ascii"), end
