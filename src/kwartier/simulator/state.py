"""What may change in one meter while the town lives: administrative status, alarms, firmware, an image under way, new events.

All connections of a meter share it, so does whatever else in the town shows the meter; the notebook keeps it over restarts.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import final

from kwartier.simulator import firmware, smr5
from kwartier.simulator.condition import Condition
from kwartier.simulator.logs import Entry, Log
from kwartier.simulator.notebook import Line, Notebook
from kwartier.simulator.smr5 import Event
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.image import Status, Transfer


@final
class State:
    """One meter's state; it is also the `image.Host` of its transfer."""

    __slots__ = (
        "__weakref__",
        "_events",
        "_image_signature",
        "_manufacturer",
        "_notebook",
        "_written",
        "administrative",
        "alarms",
        "condition",
        "transfer",
        "version",
    )

    def __init__(self, condition: Condition, administrative: int, seed: int, notebook: Notebook) -> None:
        """Begin as the condition says, then follow what was written down in earlier runs."""
        self.condition = condition
        self.administrative = administrative
        self.alarms = condition.alarms
        self.version = condition.version
        self.transfer = Transfer(self)
        self._manufacturer = firmware.public_key(seed)
        self._image_signature = firmware.release_signature(seed, condition.version)
        self._events: dict[Log, list[Entry]] = {}
        self._notebook = notebook
        self._written = False
        for line in notebook.of(condition.number):
            self._follow(line)

    def _follow(self, line: Line) -> None:
        """Do again what a line of the notebook says."""
        self.administrative = line.get("administrative", self.administrative)
        self.alarms = line.get("alarms", self.alarms)
        if "event" in line:
            log, stamp, code = line["event"]
            self._events.setdefault(Log(log), []).append(Entry(stamp, code))
        if "image" in line:
            image = b64decode(line["image"])
            self.transfer.restore(bytes.fromhex(line["identification"]), image, firmware.signature(image))
        if "firmware" in line:
            self.version, self._image_signature = line["firmware"], bytes.fromhex(line["signature"])
            self.transfer = Transfer(self, Status.ACTIVATED)

    @property
    def changed(self) -> bool:
        """True if this run made it another one than a new look at condition and notebook would give."""
        return self._written or not self.transfer.idle

    @property
    def signature(self) -> bytes:
        """SHA-256 of the image that runs."""
        return self._image_signature

    def log(self, log: Log) -> Sequence[Entry]:
        """Return the entries of a log, in any order."""
        return (*self.condition.logs.get(log, ()), *self._events.get(log, ()))

    def happened(self, log: Log, code: int, at: int) -> None:
        """Write an event into a log, stamped by the meter's own clock."""
        entry = Entry(at + self.condition.ahead_s, code)
        self._events.setdefault(log, []).append(entry)
        self._write(event=[log, *entry])

    def set_administrative(self, value: bytes, at: int) -> None:  # noqa: ARG002 - it does not depend on time
        """Take an administrative status: off or on. Raises AccessDenied, Malformed."""
        wanted = octets.only(value, octets.ENUM, 1)
        if wanted not in {smr5.OFF, smr5.ON}:
            raise AccessDenied(Access.OTHER_REASON)
        self.administrative = wanted
        self._write(administrative=wanted)

    def set_alarms(self, value: bytes, at: int) -> None:
        """Clear alarms: what is written may not raise any. Raises AccessDenied, Malformed."""
        wanted = octets.only(value, octets.DOUBLE_LONG_UNSIGNED, 4)
        if wanted & ~self.alarms:
            raise AccessDenied(Access.OTHER_REASON)
        if wanted != self.alarms:
            self._keep_alarms(wanted)
            self.happened(Log.STANDARD, Event.ALARMS_CLEARED, at)

    def raise_alarm(self, bit: int, log: Log | None, code: int, at: int) -> bool:
        """Set an alarm bit, and write down why unless `log` is None; return whether the bit is new."""
        if log is not None:
            self.happened(log, code, at)
        new = not self.alarms >> bit & 1
        if new:
            self._keep_alarms(self.alarms | 1 << bit)
        return new

    def voltage_dv(self, phase: int, at: int) -> int:
        """Return the voltage of a phase (1..3) at a moment, in tenths of a volt: near nothing on one that was lost last."""
        lost, back = Event.PHASE_LOST_L1 + phase - 1, Event.PHASE_BACK_L1 + phase - 1
        last = max((entry for entry in self.log(Log.QUALITY) if entry.value in {lost, back}), default=None)
        return self.condition.voltage_dv(phase, at, lost=last is not None and last.value == lost)

    def _write(self, **said: object) -> None:
        """Keep a change over restarts."""
        self._written = True
        self._notebook.write(self.condition.number, **said)

    def _keep_alarms(self, bits: int) -> None:
        """Set the alarm register and remember it."""
        self.alarms = bits
        self._write(alarms=bits)

    def judge(self, image: bytes) -> bytes | None:
        """Return the signature of an image this meter may run: by its manufacturer, for its model, newer; else None."""
        fits = firmware.accepted(image, self._manufacturer, self.version)
        return firmware.signature(image) if fits else None

    def verified(self, identification: bytes, image: bytes, at: int) -> None:
        """Keep a good image."""
        self._write(image=b64encode(image).decode("ascii"), identification=identification.hex())
        self.happened(Log.STANDARD, Event.FIRMWARE_READY, at)

    def run(self, image: bytes, at: int) -> None:
        """Run an image that was judged good; registers and logs stay as they are."""
        self.version = firmware.accepted(image, self._manufacturer, self.version) or self.version
        self._image_signature = firmware.signature(image)
        self._write(firmware=self.version, signature=self._image_signature.hex())
        for code in (Event.FIRMWARE_ACTIVATED, Event.SELF_CHECK):
            self.happened(Log.STANDARD, code, at)
