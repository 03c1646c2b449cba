"""A long GET: encoded data that leave in numbered blocks (Green Book 9.4.6.4)."""

from typing import final

from kwartier.wire.dlms.server import services


@final
class LongGet:
    """The blocks of one answer. The client acknowledges each by its number and gets the next."""

    __slots__ = ("_data", "_sent", "_size")

    def __init__(self, data: bytes, size: int) -> None:
        """Cut `data` into blocks of at most `size` bytes."""
        self._data = data
        self._size = size
        self._sent = 0

    def follows(self, acknowledged: int) -> bool:
        """True if this is the block sent last and another one follows it."""
        return acknowledged == self._sent and self._sent * self._size < len(self._data)

    def answer(self, invoke: int, number: int) -> bytes:
        """Build the answer with block `number`, counted from 1."""
        self._sent = number
        end = number * self._size
        return services.block(invoke, number, self._data[end - self._size : end], last=end >= len(self._data))
