"""The logical device as one connection sees it: its objects, the rights of its client, and an event for all that was done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import events, services
from kwartier.wire.dlms.server.device import Device
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.objects import CLOCK, CosemObject, Operable, Value, Writable
from kwartier.wire.dlms.server.selection import Range

COUNTER = Obis.parse("0-0:43.1.0")
"""The last invocation counter accepted, SMR 5."""
_PUBLIC_READS = frozenset({(COUNTER, 2), (CLOCK, 2)})
_SELECTED = "a selector in a SET"


@final
class LogicalDevice:
    """Serves one client at a time; every method raises AccessDenied after it wrote that down in `log`."""

    __slots__ = ("_device", "_objects")

    def __init__(self, device: Device) -> None:
        """Serve the objects of `device`, made when first asked for."""
        self._device = device
        self._objects: Mapping[Obis, CosemObject] | None = None

    def _find(self, class_id: int, obis: Obis) -> CosemObject:
        """Return an object. Raises AccessDenied."""
        if self._objects is None:
            self._objects = self._device.objects()
        found = self._objects.get(obis)
        if found is None:
            raise AccessDenied(Access.OBJECT_UNDEFINED)
        if found.class_id != class_id:
            raise AccessDenied(Access.OBJECT_CLASS_INCONSISTENT)
        return found

    def get(self, asked: services.Get, sap: int, at: int, log: list[events.Event], *, public: bool) -> Value:
        """Give an attribute; the public client gets counter and clock only."""
        where = sap, asked.class_id, asked.obis, asked.attribute
        with _denials(log, events.GetDenied, where):
            if public:
                _publicly(asked)
            found = self._find(asked.class_id, asked.obis)
            selected = asked.selected()
            value = found.get(asked.attribute, selected, at)
        if value.rows is None:
            log.append(events.ObjectRead(*where))
        else:
            first, last = (selected.first_s, selected.last_s) if isinstance(selected, Range) else (None, None)
            log.append(events.BufferRead(sap, asked.obis, first, last, value.rows))
        return value

    def set(self, asked: services.Set, sap: int, at: int, log: list[events.Event]) -> None:
        """Take an attribute. No attribute that may be set has a selector."""
        where = sap, asked.class_id, asked.obis, asked.attribute
        with _denials(log, events.SetDenied, where):
            found = _writable(self._find(asked.class_id, asked.obis))
            if asked.selector:
                raise Malformed(_SELECTED)
            found.set(asked.attribute, asked.value, at)
        log.append(events.AttributeWritten(*where))

    def act(self, asked: services.Action, sap: int, at: int, log: list[events.Event]) -> bytes:
        """Call a method; return what it gives."""
        where = sap, asked.class_id, asked.obis, asked.method
        with _denials(log, events.ActionDenied, where):
            given = _operable(self._find(asked.class_id, asked.obis)).act(asked.method, asked.data, at)
        log.append(events.MethodCalled(*where))
        return given


def _publicly(asked: services.Get) -> None:
    """Refuse what is not for the public client."""
    if (asked.obis, asked.attribute) not in _PUBLIC_READS:
        raise AccessDenied(Access.READ_WRITE_DENIED)


def _writable(found: CosemObject) -> Writable:
    """Refuse to set anything on an object that has no way to."""
    if not isinstance(found, Writable):
        raise AccessDenied(Access.READ_WRITE_DENIED)
    return found


def _operable(found: CosemObject) -> Operable:
    """Refuse to call anything on an object that has no methods."""
    if not isinstance(found, Operable):
        raise AccessDenied(Access.READ_WRITE_DENIED)
    return found


@contextmanager
def _denials(
    log: list[events.Event],
    kind: type[events.GetDenied | events.SetDenied | events.ActionDenied],
    where: tuple[int, int, Obis, int],
) -> Iterator[None]:
    """Write a denial down and pass it on. What an object cannot read is of another type than it takes.

    A method that answers temporary-failure was called: it has begun, and tells its result later.
    """
    try:
        yield
    except Malformed as error:
        log.append(kind(*where, Access.TYPE_UNMATCHED))
        raise AccessDenied(Access.TYPE_UNMATCHED) from error
    except AccessDenied as denial:
        begun = kind is events.ActionDenied and denial.result is Access.TEMPORARY_FAILURE
        log.append(events.MethodCalled(*where) if begun else kind(*where, denial.result))
        raise
