"""What a customer's permission gives a third party: exactly the channels and the period consented to."""

from collections.abc import Sequence

from kwartier.delivery import document
from kwartier.delivery.errors import NotForReceiver
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Action, Purpose, Role


def usage(heading: document.Heading, days: Sequence[ChannelDay]) -> bytes:
    """Return the usage parcel for a third party. Raises NotForReceiver if the permit does not rest on a permission."""
    for permit in heading.permits:
        request = permit.request
        if request.requester.role is not Role.THIRD_PARTY or request.action is not Action.DELIVER:
            msg = "this permit is not for delivery to a third party"
            raise NotForReceiver(msg)
        if request.purpose is not Purpose.THIRD_PARTY_SERVICE or not any(kind == "permission" for kind, _ in permit.facts):
            msg = "a third party gets data by a customer's permission only"
            raise NotForReceiver(msg)
    return document.document(heading, days, gaps=True)
