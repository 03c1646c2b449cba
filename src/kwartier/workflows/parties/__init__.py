"""S6: parties of the market: whether they keep to what they agreed, and what happens when they do not."""

from kwartier.store.registry.party_book import Contact
from kwartier.workflows.parties.assuring import Checked, Kind, check, receive
from kwartier.workflows.parties.beginning import begin
from kwartier.workflows.parties.book import BadContact, BadKey, Shown, Standing, contact, end_key, every, key, show
from kwartier.workflows.parties.defaulting import NotASupplier, NotInDefault, begin_default, end_default
from kwartier.workflows.parties.suspending import Because, NotSuspended, reinstate, suspend

__all__ = [
    "BadContact",
    "BadKey",
    "Because",
    "Checked",
    "Contact",
    "Kind",
    "NotASupplier",
    "NotInDefault",
    "NotSuspended",
    "Shown",
    "Standing",
    "begin",
    "begin_default",
    "check",
    "contact",
    "end_default",
    "end_key",
    "every",
    "key",
    "receive",
    "reinstate",
    "show",
    "suspend",
]
