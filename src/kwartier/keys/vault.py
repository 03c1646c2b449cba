"""The vault: keys of meters and persons are stored only wrapped under a master key (AES Key Wrap, RFC 3394; SP 800-38F, KW)."""

import os
from pathlib import Path
from typing import Final, final

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kwartier.keys import files
from kwartier.keys.errors import BadWrap, NoKey

FILE_NAME: Final = "master.key"
METER_KEY_BYTES: Final = 16  # security suite 0: AES-128
WRAPPED_BYTES: Final = 24  # RFC 3394 adds one block of eight
PERSON_KEY_BYTES: Final = 32  # AES-SIV with AES-128, see subjects.py
WRAPPED_PERSON_BYTES: Final = 40
_MASTER_BYTES: Final = 32


@final
class Vault:
    """Wraps and unwraps keys of meters (16 bytes, 24 wrapped) and persons (32, 40 wrapped). The master key stays within."""

    __slots__ = ("_master",)

    @classmethod
    def create(cls, folder: Path) -> None:
        """Draw a master key and keep it in `folder`; one that is there stays."""
        files.keep(folder / FILE_NAME, os.urandom(_MASTER_BYTES))

    def __init__(self, folder: Path) -> None:
        """Open the vault of an installation's key folder. Raises NoKey."""
        self._master = files.read(folder / FILE_NAME)
        if len(self._master) != _MASTER_BYTES:
            msg = f"{FILE_NAME} does not hold a master key"
            raise NoKey(msg)

    def wrap(self, key: bytes) -> bytes:
        """Return a meter key as it may be stored: 24 bytes, the same for the same key. Raises BadWrap unless it has 16 bytes."""
        if len(key) != METER_KEY_BYTES:
            msg = "a meter key has 16 bytes"
            raise BadWrap(msg)
        return aes_key_wrap(self._master, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the meter key. Raises BadWrap for anything that `wrap` of this vault did not make."""
        if len(wrapped) != WRAPPED_BYTES:
            msg = "a wrapped meter key has 24 bytes"
            raise BadWrap(msg)
        try:
            return aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            msg = "not a meter key wrapped under this master key"
            raise BadWrap(msg) from None

    def wrap_person(self, key: bytes) -> bytes:
        """Return a person's key as it may be stored: 40 bytes, the same for the same key. Raises BadWrap unless it has 32 bytes."""
        if len(key) != PERSON_KEY_BYTES:
            msg = "a person's key has 32 bytes"
            raise BadWrap(msg)
        return aes_key_wrap(self._master, key)

    def unwrap_person(self, wrapped: bytes) -> bytes:
        """Return a person's key. Raises BadWrap for anything that `wrap_person` of this vault did not make."""
        if len(wrapped) != WRAPPED_PERSON_BYTES:
            msg = "a person's wrapped key has 40 bytes"
            raise BadWrap(msg)
        try:
            return aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            msg = "not a person's key wrapped under this master key"
            raise BadWrap(msg) from None
