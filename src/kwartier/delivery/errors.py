"""Errors of delivery.

KwartierError
+-- DeliveryError
    +-- NotForReceiver   we were about to hand out what this kind of receiver may never get; the fault is ours
"""

from kwartier.model.errors import KwartierError


class DeliveryError(KwartierError):
    """A document cannot be made."""

    code = "delivery"


class NotForReceiver(DeliveryError):
    """The permit given does not fit this kind of receiver: a second lock behind `grounds.decide`."""

    code = "not-for-receiver"
