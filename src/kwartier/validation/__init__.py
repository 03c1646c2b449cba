"""Validation: rules with ids turn the answer of a meter into channel-days with qualities, and verdicts. Pure."""

from kwartier.validation.by_hand import by_hand
from kwartier.validation.check import Validated, validate
from kwartier.validation.evidence import pack, unpack
from kwartier.validation.narrow import gives, narrowed
from kwartier.validation.series import exceeds
from kwartier.wire.dlms.rows import Rows

__all__ = ["Rows", "Validated", "by_hand", "exceeds", "gives", "narrowed", "pack", "unpack", "validate"]
