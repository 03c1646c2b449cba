"""What the log says of a corrected channel-day: which, and a salted digest of what it said before and says now; no values.

What was taken out is another home's: nothing of it is kept here, so there is no digest that values could be held against.
"""

from hashlib import sha256

from kwartier.audit.canonical import Json
from kwartier.model.channel_day import ChannelDay
from kwartier.store.registry.corrections import Correction


def body(one: Correction) -> dict[str, Json]:
    """Return the body of the line."""
    return {
        "correction": one.id,
        "rectification": one.rectification,
        "channel": int(one.was.channel),
        "day": one.was.day.isoformat(),
        **({} if one.now is None else {"digest": of(one.salt, one.was, one.now)}),
    }


def of(salt: bytes, was: ChannelDay, now: ChannelDay) -> str:
    """Return the digest of a channel-day before and after: SHA-256 over the salt and both."""
    return sha256(salt + _bytes(was) + _bytes(now)).hexdigest()


def _bytes(row: ChannelDay) -> bytes:
    return b"%d|%d|" % (row.start, len(row.deltas)) + row.deltas + b"|%d|" % len(row.quality) + row.quality
