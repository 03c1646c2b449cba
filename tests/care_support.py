"""A town's meters asked about care, byte by byte: a probe that has the keys of any of them."""

from dataclasses import replace
from datetime import date

from kwartier.simulator import care
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.care import Ailment
from kwartier.simulator.devices import Fleet
from kwartier.simulator.town import Home, Town
from meter_support import GAK, GUEK, TITLE, Probe, call, get, put

DAY = date(2026, 11, 21)  # the night after it begins just after NOW
TOWN = Town(4, 120, DAY)
CARE = care.drawn(TOWN)
NIGHT = TOWN.axis.start_of_night()
IMAGE = "0-0:44.0.0"


def first(ailment: Ailment) -> Home:
    """The first home with an ailment that may be asked."""
    return next(TOWN.homes[h] for h in CARE.homes(ailment) if TOWN.homes[h].fault is Fault.SOUND)


def healthy() -> Home:
    """A home of which nothing is wrong, gas meter and all."""
    sound = (h for h in TOWN.homes if h.fault is Fault.SOUND and h.index not in CARE.ailments and h.owns.gas)
    return next(h for h in sound if not CARE.dark(h))


class Visit:
    """An association with one meter of the town."""

    def __init__(self, fleet: Fleet, number: int) -> None:  # noqa: D107 - see the class
        device = fleet.device(number)
        assert device is not None
        self.probe = Probe(replace(device, title=TITLE, guek=GUEK, gak=GAK), ic=device.counters.client + 1)
        self.probe.associate()

    def value(self, class_id: int, obis: str, attribute: int = 2, selector: bytes = b"") -> bytes:
        """The encoded value; two bytes `ff`, result where it is denied."""
        answer = self.probe.glo(get(class_id, obis, attribute, selector))
        data = b""
        number = 0
        while answer[1] == 2:
            data += answer[9 + (1 if answer[9] < 128 else answer[9] - 127) :]
            number += 1
            if answer[3]:
                return data
            answer = self.probe.glo(b"\xc0\x02\xc1" + number.to_bytes(4, "big"))
        return answer[4:] if answer[3] == 0 else b"\xff" + answer[4:]

    def put(self, class_id: int, obis: str, attribute: int, value: str) -> int:
        """The data-access-result of a SET."""
        return self.probe.glo(put(class_id, obis, attribute, bytes.fromhex(value)))[3]

    def call(self, method: int, parameter: bytes = b"\x0f\x00") -> int:
        """The action-result of a method of the image transfer."""
        return self.probe.glo(call(18, IMAGE, method, parameter))[3]

    def leave(self) -> None:
        """Release."""
        assert self.probe.raw(bytes.fromhex("6203800100")).hex() == "6303800100"

    def log(self, obis: str) -> list[int]:
        """The values of the rows of a log, oldest first."""
        data = self.value(7, obis)
        assert data[0] == 1
        wide = obis == "1-0:99.97.0"
        size = 16 + (5 if wide else 2)
        found = [data[2 + n * size :][:size] for n in range(data[1])]
        assert all(row[:4] == b"\x02\x02\x09\x0c" for row in found)
        return [int.from_bytes(row[17:], "big") for row in found]

    def update(self, image: bytes, name: bytes = b"5.0.2") -> int:
        """Transfer an image and have it verified; return the status."""
        assert self.put(18, IMAGE, 5, "0301") == 0
        assert self.call(1, b"\x02\x02\x09" + bytes((len(name),)) + name + b"\x06" + len(image).to_bytes(4, "big")) == 0
        for number, at in enumerate(range(0, len(image), 512)):
            part = image[at : at + 512]
            head = b"\x02\x02\x06" + number.to_bytes(4, "big") + b"\x09\x82" + len(part).to_bytes(2, "big")
            assert self.call(2, head + part) == 0
        assert self.call(3) == 2
        return self.value(18, IMAGE, 6)[1]
