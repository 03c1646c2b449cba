"""The digests of the editions that were published, by id, and of the terms of retention. A line is added, and never changed.

That what is published stays as it is, is what makes a past decision decidable again: the log was told these digests, and a replay
takes no decision for good that was made by an edition with another.
"""

from collections.abc import Mapping
from typing import Final

DIGESTS: Final[Mapping[str, str]] = {
    "leaflet": "410ed2e298afe80470d501b02242d6902170493624077a03ae97835a96b7d904",
    "2026": "7e007c012163ac64711240eef72dceb47d9f31b0334d35be5c48aa824a2d0b09",
    "2027": "b29cb4fb221f0e01ffc406cc24cfd02d692b3b9ab9a1a8be996847957410a46a",
    "2028": "cac23b332cea61206e9c16853f12e32cbe08c218fe05e0565c1fe473481fb991",
}

TERMS: Final = (
    "4fa30b1d409266ca",  # readings for a supplier: annual_bill, move, switch
    "4db97b5b92c82ab9",  # readings for a supplier
    "cab440d6bb1774fb",  # readings for a supplier
    "adfe62f1877fb681",  # readings for a customer
    "1c5a218e660a0e4a",  # readings for a third party
    "b5d16f5bbf158cbc",  # readings for the operator
    "d5f18527cb91d7ee",  # hand_readings
    "55e2aa5f79d77777",  # quarantine
    "685ce3b6c183556e",  # outcomes
    "c1828fc518195c72",  # documents
    "867aaef42cef5098",  # parcels
    "8b22f15f77a75172",  # sights
    "e321bcb14af22402",  # alarms
    "ab72a2f3bf1548c7",  # use_case_days
    "27131a1e0f4a98c8",  # rejected_rows
    "3c29f42d3ac8b777",  # log_ties
    "90b8190db205d692",  # persons
    "72dcbb70d5f66216",  # permissions
    "0f2b434b82142a4b",  # supplies
    "520a64646f597d9b",  # choices
    "66c1270f2702b8cb",  # rights
    "7cda37baf83c222d",  # breaches
    "2017635335fb2dae",  # sessions
    "4ab6a2646af6d799",  # staff
    "626177ac82773a1d",  # proposals
    "e5d96595b62fad05",  # contacts
    "bbfabbd7a411dcca",  # letters
)
"""The same of the rows of the retention table, in its order: a change is a row at the end from a date that is still to come, and an
end to the one before. A replay asks what might go at a moment that is over."""
