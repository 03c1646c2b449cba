"""S2, S12: the customer gives and takes back; parties ask; what ends by itself is written down."""

from kwartier.workflows.permission.desk import opt_in, revoke
from kwartier.workflows.permission.errors import (
    GrantedElsewhere,
    GrantedHere,
    HasEnded,
    NoLongerHolds,
    NoSuchPermission,
    NoSuchRequest,
    NothingToRenew,
    NotYourConnection,
    WiderThanAsked,
    WiderThanBefore,
)
from kwartier.workflows.permission.upkeep import Upkeep, keep_up

__all__ = [
    "GrantedElsewhere",
    "GrantedHere",
    "HasEnded",
    "NoLongerHolds",
    "NoSuchPermission",
    "NoSuchRequest",
    "NotYourConnection",
    "NothingToRenew",
    "Upkeep",
    "WiderThanAsked",
    "WiderThanBefore",
    "keep_up",
    "opt_in",
    "revoke",
]
