"""S3: the customer refuses the smart meter or has it switched off, and comes back; readings by hand, proof that none was read."""

from kwartier.workflows.refusal.absence import Absence, NoSuchTime, WasRead, absence, asked_time, occupant_of
from kwartier.workflows.refusal.absence_check import Checked, check
from kwartier.workflows.refusal.choice import (
    Choice,
    MyMeter,
    NothingToChange,
    NotYourMeter,
    Planned,
    choose,
    choose_for,
    meters,
)
from kwartier.workflows.refusal.hand import KWH, Due, How, Implausible, due, readings, take
from kwartier.workflows.refusal.own_reading import Counters, counters, send_in, shown
from kwartier.workflows.refusal.said import holds

__all__ = [
    "KWH",
    "Absence",
    "Checked",
    "Choice",
    "Counters",
    "Due",
    "How",
    "Implausible",
    "MyMeter",
    "NoSuchTime",
    "NotYourMeter",
    "NothingToChange",
    "Planned",
    "WasRead",
    "absence",
    "asked_time",
    "check",
    "choose",
    "choose_for",
    "counters",
    "due",
    "holds",
    "meters",
    "occupant_of",
    "readings",
    "send_in",
    "shown",
    "take",
]
