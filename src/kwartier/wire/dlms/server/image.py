"""Class 18, image transfer: firmware in numbered blocks, verified by the meter itself, active once the client has left.

IEC 62056-6-2, DSMR P3 4.2.2 chapter 6:

    NONE, INITIATED, VERIFIED, FAILED, ACTIVATED --initiate--> INITIATED (blocks of before are forgotten)
    INITIATED --verify, all blocks there--> VERIFYING (answers temporary-failure) --asked again--> VERIFIED or FAILED
    VERIFIED --activate--> ACTIVATING --the association ends--> ACTIVATED

Blocks come in any order and may come twice. A transfer outlives its association: `first_missing` says where to go on.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol, final

from kwartier.wire.dlms.server.errors import Access, AccessDenied

BLOCK_SIZE = 512
"""Fits a PDU of 1024 bytes, ciphering and all."""
MOST_SIZE = 1 << 20
"""A meter has room for no longer image."""


class Status(IntEnum):
    """Image_transfer_status."""

    NONE = 0
    INITIATED = 1
    VERIFYING = 2
    VERIFIED = 3
    VERIFICATION_FAILED = 4
    ACTIVATING = 5
    ACTIVATED = 6
    ACTIVATION_FAILED = 7


class Host(Protocol):
    """The meter around a transfer."""

    def judge(self, image: bytes) -> bytes | None:
        """Return the signature of an image this meter may run; None if it may not."""

    def verified(self, identification: bytes, image: bytes, at: int) -> None:
        """Remember that this image was found good at the moment `at` (epoch seconds)."""

    def run(self, image: bytes, at: int) -> None:
        """Run this image from now on."""


@final
class Transfer:
    """What a meter knows of one transfer. Every method raises AccessDenied where the standard has a result other than success."""

    __slots__ = ("_blocks", "_host", "_size", "_status", "enabled", "identification", "signature")

    def __init__(self, host: Host, status: Status = Status.NONE) -> None:
        """Start without an image. `status` is ACTIVATED for a meter that remembers its last one."""
        self._host = host
        self._status = status
        self.enabled = False
        self._forget()

    def _forget(self) -> None:
        """Give up whatever was transferred."""
        self._size = 0
        self._blocks: dict[int, bytes] = {}
        self.identification = self.signature = b""

    @property
    def idle(self) -> bool:
        """True if nobody ever asked for anything."""
        return not self.enabled and self._status is Status.NONE

    @property
    def size(self) -> int:
        """Bytes announced."""
        return self._size

    @property
    def there(self) -> Sequence[bool]:
        """Whether each block is there."""
        return [number in self._blocks for number in range(self._count)]

    @property
    def _count(self) -> int:
        return -(-self._size // BLOCK_SIZE)

    @property
    def first_missing(self) -> int:
        """Number of the first block that is not there; their count if all are."""
        return next((n for n in range(self._count) if n not in self._blocks), self._count)

    def status(self, at: int) -> Status:
        """Return how far it is; a verification under way is done by then."""
        if self._status is Status.VERIFYING:
            self._verify(at)
        return self._status

    def initiate(self, identification: bytes, size: int) -> None:
        """Begin anew."""
        self._allow(0 < size <= MOST_SIZE and self._status not in {Status.VERIFYING, Status.ACTIVATING})
        self._forget()
        self.identification, self._size = identification, size
        self._status = Status.INITIATED

    def put(self, number: int, block: bytes) -> None:
        """Take block `number`, counted from 0: all have the block size, but for the last one."""
        self._allow(self._status is Status.INITIATED and number < self._count)
        self._allow(len(block) == min(BLOCK_SIZE, self._size - number * BLOCK_SIZE))
        self._blocks[number] = block

    def verify(self, at: int) -> None:
        """Begin to verify, which takes a while, or tell how it ended."""
        if self._status is Status.INITIATED:
            self._allow(self.first_missing == self._count)
            self._status = Status.VERIFYING
            raise AccessDenied(Access.TEMPORARY_FAILURE)
        self._allow(self.status(at) is Status.VERIFIED)

    def _verify(self, at: int) -> None:
        """Let the meter judge the image; a bad one is forgotten."""
        signature = self._host.judge(self._image())
        if signature is None:
            self._forget()
            self._status = Status.VERIFICATION_FAILED
            return
        self.signature = signature
        self._status = Status.VERIFIED
        self._host.verified(self.identification, self._image(), at)

    def _image(self) -> bytes:
        """Return the blocks as one."""
        return b"".join(self._blocks[number] for number in range(self._count))

    def activate(self, at: int) -> None:
        """Activate what was verified; it takes effect when the association ends."""
        self._allow(self.status(at) is Status.VERIFIED)
        self._status = Status.ACTIVATING

    def end(self, at: int) -> None:
        """Take effect: the association has ended."""
        if self._status is Status.ACTIVATING:
            self._host.run(self._image(), at)
            self._forget()
            self._status = Status.ACTIVATED

    def restore(self, identification: bytes, image: bytes, signature: bytes) -> None:
        """Hold an image that was verified before."""
        self.identification, self._size, self.signature = identification, len(image), signature
        self._blocks = {n: image[n * BLOCK_SIZE : (n + 1) * BLOCK_SIZE] for n in range(self._count)}
        self._status = Status.VERIFIED

    def _allow(self, fits: bool) -> None:  # noqa: FBT001 - a condition, told as one
        """Refuse what does not fit how far it is, or anything while transfers are not enabled."""
        if not (self.enabled and fits):
            raise AccessDenied(Access.OTHER_REASON)
