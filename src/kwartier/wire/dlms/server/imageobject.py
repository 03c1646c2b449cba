"""Image transfer as a COSEM object: the bytes of class 18 around `image.Transfer`."""

from collections.abc import Callable
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.image import BLOCK_SIZE, Status, Transfer
from kwartier.wire.dlms.server.objects import Value, unselected
from kwartier.wire.dlms.server.octets import Reader
from kwartier.wire.dlms.server.selection import Selection

IMAGE_TRANSFER = Obis.parse("0-0:44.0.0")
_ENABLED = 5
_PAIR = bytes((octets.STRUCTURE, 2))


@final
class ImageTransfer:
    """Class 18 over the transfer of one meter."""

    obis = IMAGE_TRANSFER
    class_id = 18

    def __init__(self, transfer: Transfer) -> None:
        """Show and drive `transfer`."""
        self._transfer = transfer

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return any of the seven attributes."""
        unselected(selected)
        status = self._transfer.status(at)
        attributes: dict[int, Callable[[], bytes]] = {
            1: lambda: octets.octet_string(self.obis.code),
            2: lambda: octets.u32(BLOCK_SIZE),
            3: lambda: octets.bits(self._transfer.there),
            4: lambda: octets.u32(self._transfer.first_missing),
            _ENABLED: lambda: octets.boolean(self._transfer.enabled),
            6: lambda: octets.enum(status),
            7: lambda: self._to_activate(status),
        }
        if attribute not in attributes:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        return Value(attributes[attribute]())

    def _to_activate(self, status: Status) -> bytes:
        """Encode the images that may be activated: one, once it is verified."""
        if status not in {Status.VERIFIED, Status.ACTIVATING}:
            return bytes((octets.ARRAY, 0))
        names = octets.octet_string(self._transfer.identification) + octets.octet_string(self._transfer.signature)
        return bytes((octets.ARRAY, 1, octets.STRUCTURE, 3)) + octets.u32(self._transfer.size) + names

    def set(self, attribute: int, value: bytes, at: int) -> None:  # noqa: ARG002 - it does not depend on time
        """Set whether transfers are enabled (5)."""
        if attribute != _ENABLED:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        self._transfer.enabled = bool(octets.only(value, octets.BOOLEAN, 1))

    def act(self, method: int, parameter: bytes, at: int) -> bytes:
        """Initiate (1), transfer a block (2), verify (3), activate (4)."""
        if method == 1:
            self._transfer.initiate(*_initiation(parameter))
        elif method == 2:  # noqa: PLR2004 - method numbers of the class
            self._transfer.put(*_block(parameter))
        elif method == 3:  # noqa: PLR2004 - as above
            _zero(parameter)
            self._transfer.verify(at)
        elif method == 4:  # noqa: PLR2004 - as above
            _zero(parameter)
            self._transfer.activate(at)
        else:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        return b""


def _initiation(parameter: bytes) -> tuple[bytes, int]:
    """Read identification and size. Raises Malformed."""
    reader = Reader(parameter)
    reader.expect(_PAIR)
    reader.expect(bytes((octets.OCTET_STRING,)))
    identification = reader.octets()
    reader.expect(bytes((octets.DOUBLE_LONG_UNSIGNED,)))
    size = reader.number(4)
    reader.done()
    return identification, size


def _block(parameter: bytes) -> tuple[int, bytes]:
    """Read number and contents of a block. Raises Malformed."""
    reader = Reader(parameter)
    reader.expect(_PAIR)
    reader.expect(bytes((octets.DOUBLE_LONG_UNSIGNED,)))
    number = reader.number(4)
    reader.expect(bytes((octets.OCTET_STRING,)))
    block = reader.octets()
    reader.done()
    return number, block


def _zero(parameter: bytes) -> None:
    """Read the integer 0, the parameter of methods that need none. Raises Malformed."""
    if octets.only(parameter, octets.INTEGER, 1):
        msg = "a method without a parameter takes the integer 0"
        raise Malformed(msg)
