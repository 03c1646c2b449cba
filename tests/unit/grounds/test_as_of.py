"""Decisions that were made stay as they were made: decided again as of then, they give the same row and the same permit.

The table was recorded when the editions were published. A line of it never changes; a new edition adds lines.
"""

from datetime import date, timedelta

import pytest

from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK

SINCE = Period(midnight(date(2020, 1, 1)))
FACTS = Facts(
    7,
    "north",
    occupancies=(Occupancy(1, 1, SINCE),),
    supplies=(Supply(2, 50, SINCE),),
    agreements=(Agreement(3, 50, Role.SUPPLIER, SINCE), Agreement(4, 60, Role.THIRD_PARTY, SINCE)),
    permissions=(
        Permission(5, 1, 60, INTERVAL_MASK & ~GAS_MASK, "advies", SINCE, SINCE),
        Permission(6, 1, None, ALL_MASK & ~GAS_MASK, "own_insight", SINCE, SINCE),
    ),
    use_cases=(
        UseCase(8, Purpose.ENERGY_LOSS, DataClass.PROFILE, INTERVAL_MASK & ~GAS_MASK, "north", SINCE, SINCE, 14, 10),
        UseCase(9, Purpose.ALLOCATION, DataClass.REGISTER, DAY_MASK & ~GAS_MASK, "north", SINCE, SINCE, 366, 10),
    ),
)
E_DAY, E_INTERVAL = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK
QUESTIONS = {
    "own": (Role.CUSTOMER, 1, Action.VIEW, Purpose.OWN_ACCESS, E_INTERVAL),
    "opt-in": (Role.CUSTOMER, 1, Action.READ, Purpose.OWN_INSIGHT, E_INTERVAL),
    "periodic": (Role.SUPPLIER, 50, Action.READ, Purpose.PERIODIC_READING, E_DAY),
    "annual": (Role.SUPPLIER, 50, Action.READ, Purpose.ANNUAL_BILL, E_DAY),
    "finer": (Role.SUPPLIER, 50, Action.READ, Purpose.PERIODIC_READING, E_INTERVAL),
    "app": (Role.THIRD_PARTY, 60, Action.DELIVER, Purpose.THIRD_PARTY_SERVICE, E_INTERVAL),
    "loss": (Role.OPERATOR, 8, Action.READ, Purpose.ENERGY_LOSS, E_INTERVAL),
    "reuse": (Role.OPERATOR, 8, Action.VIEW, Purpose.ENERGY_LOSS, E_INTERVAL),
    "allocation": (Role.OPERATOR, 9, Action.READ, Purpose.ALLOCATION, E_DAY),
}
RECORDED = (
    ("own", "2025-06-10", "leaflet", "C1", "acb0cf03e0e6987856a421cf6432bab1"),
    ("opt-in", "2025-06-10", "leaflet", "C2", "dc5d6d882d72e643bd3b09f1e3a05e52"),
    ("periodic", "2025-06-10", "leaflet", "F5", ""),
    ("annual", "2025-06-10", "leaflet", "F5", ""),
    ("finer", "2025-06-10", "leaflet", "F6", ""),
    ("app", "2025-06-10", "leaflet", "T1", "0fb4affe0a6c646f29dee2311c5da57b"),
    ("loss", "2025-06-10", "leaflet", "O4", "ff9d0809478e7909bf1dcb04e416ac2e"),
    ("reuse", "2025-06-10", "leaflet", "F12", ""),
    ("allocation", "2025-06-10", "leaflet", "F0", ""),
    ("own", "2025-10-31", "leaflet", "C1", "36bb74ad101ff1f021f57bfdf0c728d8"),
    ("opt-in", "2025-10-31", "leaflet", "C2", "97be9952f41b486950b15c0762bff9cb"),
    ("periodic", "2025-10-31", "leaflet", "S1", "090cbdd97f209ed8e4eb99927f863b21"),
    ("annual", "2025-10-31", "leaflet", "F5", ""),
    ("finer", "2025-10-31", "leaflet", "F6", ""),
    ("app", "2025-10-31", "leaflet", "T1", "c46d0a92a7322a2e6d83fe5c07249a4e"),
    ("loss", "2025-10-31", "leaflet", "O4", "818922317174928095d98cc111999907"),
    ("reuse", "2025-10-31", "leaflet", "F12", ""),
    ("allocation", "2025-10-31", "leaflet", "F0", ""),
    ("own", "2025-12-30", "leaflet", "C1", "3754117b4fcd348772d12fcc61ffc676"),
    ("opt-in", "2025-12-30", "leaflet", "C2", "451e37e99f7c25417c56f370faffec28"),
    ("periodic", "2025-12-30", "leaflet", "F5", ""),
    ("annual", "2025-12-30", "leaflet", "F5", ""),
    ("finer", "2025-12-30", "leaflet", "F6", ""),
    ("app", "2025-12-30", "leaflet", "T1", "d7b64bdd0bb7e06fc694df26a2a62916"),
    ("loss", "2025-12-30", "leaflet", "O4", "6320aa5886ea7021c97d4d3795e61be8"),
    ("reuse", "2025-12-30", "leaflet", "F12", ""),
    ("allocation", "2025-12-30", "leaflet", "F0", ""),
    ("own", "2025-12-31", "2026", "C1", "c7488066637d3d6615960e685c43d728"),
    ("opt-in", "2025-12-31", "2026", "C2", "928139d6ef54a082e17734ebdc5a4a6f"),
    ("periodic", "2025-12-31", "2026", "S1", "812d97bb1180863f8294d1b4fe3b28b2"),
    ("annual", "2025-12-31", "2026", "S2", "bd457413b5166e10a799ce0b4bcae4dc"),
    ("finer", "2025-12-31", "2026", "F6", ""),
    ("app", "2025-12-31", "2026", "T1", "e8830a639807692aa8e242a67ee79f4a"),
    ("loss", "2025-12-31", "2026", "O4", "9970d1e6d0232199514567a2e317980d"),
    ("reuse", "2025-12-31", "2026", "F12", ""),
    ("allocation", "2025-12-31", "2026", "F0", ""),
    ("own", "2026-06-10", "2026", "C1", "eb6b56b976df910ca3a17d95b4c993fe"),
    ("opt-in", "2026-06-10", "2026", "C2", "363490ab0faf335ad09bde9d0ef7d4b6"),
    ("periodic", "2026-06-10", "2026", "S1", "0c7476a18de3b214ea5003fe4082e94a"),
    ("annual", "2026-06-10", "2026", "F5", ""),
    ("finer", "2026-06-10", "2026", "F6", ""),
    ("app", "2026-06-10", "2026", "T1", "535b5d953f20cdde1551e2e321cc0ef4"),
    ("loss", "2026-06-10", "2026", "O4", "ab6afca1eecf6bf1cdf471da2ab81352"),
    ("reuse", "2026-06-10", "2026", "F12", ""),
    ("allocation", "2026-06-10", "2026", "F0", ""),
    ("own", "2026-12-30", "2026", "C1", "1276a5ed22b1719f8e1fe1c3424a11ad"),
    ("opt-in", "2026-12-30", "2026", "C2", "ec35aafd3675ffdeb899660ab29d282f"),
    ("periodic", "2026-12-30", "2026", "S1", "eba121316904fa31f288042fbeb62729"),
    ("annual", "2026-12-30", "2026", "F5", ""),
    ("finer", "2026-12-30", "2026", "F6", ""),
    ("app", "2026-12-30", "2026", "T1", "35ab99bc8a5c722f05577feee13c6f35"),
    ("loss", "2026-12-30", "2026", "O4", "4cf9d9a28945a62b0516a6a857696c7d"),
    ("reuse", "2026-12-30", "2026", "F12", ""),
    ("allocation", "2026-12-30", "2026", "F0", ""),
    ("own", "2026-12-31", "2027", "C1", "6ca1a1a24905fd94367626f361882b05"),
    ("opt-in", "2026-12-31", "2027", "C2", "ea76042e3ec6cb95722477dbc91c2cc1"),
    ("periodic", "2026-12-31", "2027", "S1", "08e837037db53908319b2b33ef37aed1"),
    ("annual", "2026-12-31", "2027", "S2", "d8f2622531b9b935b8d171c8ee28f77e"),
    ("finer", "2026-12-31", "2027", "F6", ""),
    ("app", "2026-12-31", "2027", "T1", "26cdf2a6c4d58b85ccfaf84d3f66c655"),
    ("loss", "2026-12-31", "2027", "O4", "1b8a2ab8fe741ff97e9759b5239b78ac"),
    ("reuse", "2026-12-31", "2027", "F12", ""),
    ("allocation", "2026-12-31", "2027", "O8", "243f7df9eca0a4f914f869ff4f4b8547"),
    ("own", "2027-06-10", "2027", "C1", "18dcb186797a386ef90f58e54989071d"),
    ("opt-in", "2027-06-10", "2027", "C2", "e3fb5335ba40a4593b99d5d1e23ffe46"),
    ("periodic", "2027-06-10", "2027", "S1", "e71f8e8701a82b01e57fbe4745b4b10b"),
    ("annual", "2027-06-10", "2027", "F5", ""),
    ("finer", "2027-06-10", "2027", "F6", ""),
    ("app", "2027-06-10", "2027", "T1", "3dccf06d7e6bec4e22ad179965fd035e"),
    ("loss", "2027-06-10", "2027", "O4", "64c38c6ea58e830311f5fb27cbb1c3be"),
    ("reuse", "2027-06-10", "2027", "F12", ""),
    ("allocation", "2027-06-10", "2027", "O8", "2b23f5dfa2558ea1b705f84a23db0bb0"),
)


def request(name: str, day: date) -> Request:
    role, who, action, purpose, mask = QUESTIONS[name]
    opens, closes = midnight(day), midnight(day + timedelta(days=1))
    period = Period(opens, closes) if mask & E_INTERVAL else Period(closes, closes)
    data_class = DataClass.PROFILE if mask & E_INTERVAL else DataClass.REGISTER
    return Request(Requester(role, who), action, purpose, 7, mask, period, data_class)


def answered(name: str, day: date) -> tuple[str, str, str]:
    """Answer in the night after the day."""
    answer = decide(request(name, day), FACTS, at=midnight(day + timedelta(days=1)) + timedelta(hours=3))
    return answer.edition, answer.rule, answer.id.hex() if isinstance(answer, Permit) else ""


@pytest.mark.parametrize(("name", "day", "edition", "rule", "permit"), RECORDED)
def test_as_of_then(name: str, day: str, edition: str, rule: str, permit: str) -> None:
    about = date.fromisoformat(day)
    assert answered(name, about) == (edition, rule, permit)


def test_every_edition_and_question_was_recorded() -> None:
    assert {(name, edition) for name, _, edition, _, _ in RECORDED} == {
        (name, edition) for name in QUESTIONS for edition in ("leaflet", "2026", "2027")
    }
