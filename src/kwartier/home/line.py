"""From the bytes of a line to samples, with a count of all that was lost on the way: the quality of the signal. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from kwartier.home import translate
from kwartier.home.sample import Sample
from kwartier.wire.p1 import framing
from kwartier.wire.p1.decoder import Decoder
from kwartier.wire.p1.errors import ChecksumWrong, LineError
from kwartier.wire.p1.framing import Candidate, Framer

Unseal = Callable[[bytes], bytes]
"""Opens a sealed frame. Raises LineError."""


@final
@dataclass(frozen=True, slots=True)
class Heard:
    """One telegram: what it says, and its bytes as they came (of a sealed one those inside)."""

    sample: Sample
    raw: bytes


@final
@dataclass(frozen=True, slots=True)
class Counts:
    """What was understood, and what was not.

    Refused for their checksum, or as no telegram at all; sealed ones that our key does not open; and what never became a telegram.
    """

    telegrams: int = 0
    checksum_wrong: int = 0
    refused: int = 0
    sealed_shut: int = 0
    bad_lines: int = 0
    cut_off: int = 0
    noise_bytes: int = 0


@final
class Line:
    """The listening end of one port. Never raises on what comes in."""

    def __init__(self, salt: bytes, unseal: Unseal | None = None) -> None:
        """Begin to listen; `salt` is this home's key for hashing meter numbers, `unseal` opens the frames of a meter that seals."""
        self._salt = salt
        self._unseal = unseal
        self._framer = Framer()
        self._decoder = Decoder()
        self._telegrams = self._checksum_wrong = self._refused = self._sealed_shut = self._bad_lines = 0

    @property
    def counts(self) -> Counts:
        """What came since the start."""
        framed = self._framer.counts
        return Counts(
            self._telegrams,
            self._checksum_wrong,
            self._refused,
            self._sealed_shut,
            self._bad_lines,
            framed.cut_off + framed.oversize,
            framed.noise_bytes,
        )

    def receive(self, data: bytes) -> list[Heard]:
        """Take bytes as they came; return the telegrams that are complete now."""
        return [heard for candidate in self._framer.receive(data) if (heard := self._read(candidate))]

    def _read(self, candidate: Candidate) -> Heard | None:
        is_sealed = isinstance(candidate, framing.Sealed)
        text = candidate.data
        try:
            if is_sealed:
                if self._unseal is None:
                    self._sealed_shut += 1
                    return None
                text = self._unseal(text)
            telegram = self._decoder.decode(text, checked=is_sealed)
        except ChecksumWrong:
            self._checksum_wrong += 1
            return None
        except LineError:
            self._sealed_shut += is_sealed
            self._refused += not is_sealed
            return None
        sample = translate.sample(telegram, self._salt)
        if not (sample.registers or sample.devices or sample.power_w is not None):
            self._refused += 1  # noise that by chance looks like a telegram without a checksum says nothing
            return None
        self._telegrams += 1
        self._bad_lines += len(telegram.faults)
        return Heard(sample, text)
