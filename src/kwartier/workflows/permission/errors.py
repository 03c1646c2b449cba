"""What may go wrong with permissions, and whose fault it is.

KwartierError
+-- NotYourConnection      the customer named a connection where they do not live now
+-- NoSuchPermission       whoever ends a permission named one that is not theirs, or has ended already
    +-- HasEnded           it is theirs, and has ended already
+-- NoSuchRequest          the customer named a request that is not theirs
+-- WiderThanAsked         the customer gave more than was asked: nobody may have that
+-- WiderThanBefore        a renewal asks for more than what it renews
+-- NothingToRenew         what a permission is about was over before it ends
+-- NoLongerHolds          the request has fallen away meanwhile: agreement, suspension, refusal; `code` stays, `flaw` says which
+-- GrantedElsewhere       another body is the permission administrator: permissions are given there
+-- GrantedHere            whoever brings the facts of another permission administrator: there is none but us
"""

from kwartier.model.errors import BadInput, KwartierError


class NotYourConnection(KwartierError):
    """The customer named a connection where they do not live now; nothing changed."""

    code = "not-your-connection"


class NoSuchPermission(KwartierError):
    """Somebody named a permission that is not theirs, or has ended already; nothing changed."""

    code = "no-such-permission"


class HasEnded(NoSuchPermission):
    """Somebody ends a permission of theirs that has ended already; nothing changed."""

    code = "has-ended"


class NoSuchRequest(KwartierError):
    """The customer named a request that is not theirs; nothing changed."""

    code = "no-such-request"


class WiderThanAsked(BadInput):
    """What is given lies outside of what was asked; nothing changed."""

    code = "wider-than-asked"


class WiderThanBefore(BadInput):
    """A renewal keeps the scope or narrows it; nothing changed."""

    code = "wider-than-before"


class NothingToRenew(BadInput):
    """What a permission is about was over before it ends; nothing changed."""

    code = "nothing-to-renew"


class NoLongerHolds(KwartierError):
    """The request does not hold any more; nothing changed."""

    code = "no-longer-holds"

    def __init__(self, flaw: str) -> None:
        """Keep why."""
        super().__init__(f"the request does not hold any more: {flaw}")
        self.flaw = flaw


class GrantedElsewhere(KwartierError):
    """Another body is the permission administrator of this grid; nothing changed."""

    code = "granted-elsewhere"


class GrantedHere(KwartierError):
    """We are the permission administrator ourselves, and take nobody else's word; nothing changed."""

    code = "granted-here"
