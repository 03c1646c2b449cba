"""What can go wrong with keys, and who is at fault. No text ever shows a byte of a key.

KeysError
+-- BadKey         whoever gave a public key: it is none
+-- NoKey          the installation: a key file is absent or damaged
+-- BadWrap        the registry: a wrapped meter key was not made under this master key, or was changed
+-- BadSeal        the registry: a person's value was not sealed under this person's key, or was changed
+-- BadShipment    whoever made the key shipment: it is not for us, was changed, or says something impossible
"""

from kwartier.model.errors import KwartierError


class KeysError(KwartierError):
    """Something about a key is not as it must be; nothing was opened."""

    code = "keys"


class NoKey(KeysError):
    """A key file of the installation is not there or does not hold what it should; the installation is at fault."""

    code = "no-key"


class BadKey(KeysError):
    """These are not the bytes of a public key; who gave them is at fault."""

    code = "bad-key"


class BadWrap(KeysError):
    """These bytes are no meter key wrapped under this master key; where they were kept is at fault."""

    code = "bad-wrap"


class BadSeal(KeysError):
    """These bytes are no value sealed under this person's key; where they were kept is at fault."""

    code = "bad-seal"


class BadShipment(KeysError):
    """A key shipment cannot be taken; its sender is at fault. `line` counts the lines of the plaintext from 1, 0 is the whole."""

    code = "bad-shipment"

    def __init__(self, reason: str, line: int = 0) -> None:
        """Say what is wrong, and where, without saying what stands there."""
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
