"""Which object a line is about. `LINES` serves the common form of numbers at once; the rest is looked up by code.

In the field 1-1: stands for 1-0:, a sixth group is written `*255` or `.255`, and examples of the standard have a colon for a dot
(`1-0:72:32.0`). Group B of electricity and the sixth group 255 say nothing, so codes are compared without them.
"""

import re
from typing import Final

from kwartier.wire.p1.lines import READERS
from kwartier.wire.p1.numerals import FORMS
from kwartier.wire.p1.quantities import Quantity

END: Final = b")\r"
"""How a line ends, before its line feed."""
_CODE: Final = re.compile(rb"(\d{1,3})-(\d{1,3}):(\d{1,3})[.:](\d{1,3})[.:](\d{1,3})(?:[*.]255)?")
_ELECTRICITY: Final = b"1"
_VERSION: Final = b"0.2.8"

QUANTITIES: Final[dict[bytes, Quantity]] = {
    quantity.code.encode(): quantity for quantity in Quantity if quantity.code.encode() not in READERS
}
LINES: Final[dict[bytes, tuple[Quantity, tuple[int, ...]]]] = {
    code + (b"*" + spelled if spelled else b"") + END: (quantity, factors)
    for code, quantity in QUANTITIES.items()
    for spelled, (_, factors) in FORMS[quantity.unit].items()
}
"""By a line without its figures: what it is about, and what to multiply with for 0, 1, 2, ... decimals."""


def standard(code: bytes) -> bytes:
    """Return a code as the standard writes it; one that is no code comes back as it is."""
    if code in QUANTITIES or code in READERS:
        return code
    found = _CODE.fullmatch(code)
    if found is None:
        return code
    a, b, *rest = found.groups()
    name = b".".join(rest)
    return (b"1-3:" if name == _VERSION else b"1-0:" if a == _ELECTRICITY else a + b"-" + b + b":") + name
