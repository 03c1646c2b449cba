"""How a line names a person: by a tag that only who knows the person's code and the line's salt can tell. And its bytes."""

import hmac
import os
from hashlib import sha256
from typing import Final, NamedTuple

from kwartier.audit.canonical import canonical, moment
from kwartier.audit.chain import START, Head, link
from kwartier.audit.events import Event

SALT_SIZE: Final = 16
CHECK_SIZE: Final = 8


class Sealed(NamedTuple):
    """A line ready for the tree: its bytes, and beside it what is None if it is about no person.

    `tag` says whom it is about to who knows the code and the salt; `nth` and `before` are its place in the person's chain.
    """

    data: bytes
    tag: bytes | None
    salt: bytes | None
    nth: int | None
    before: bytes | None


def new_salt() -> bytes:
    """Return a fresh salt. One line, one salt: taking it away unties that line from the person and no other."""
    return os.urandom(SALT_SIZE)


def check(salt: bytes) -> bytes:
    """Return what a line keeps of its salt: the beginning of its hash, so that a proof can hold no other salt."""
    return sha256(salt).digest()[:CHECK_SIZE]


def tag(salt: bytes, subject_code: str) -> bytes:
    """Return HMAC-SHA256(salt, code), 32 bytes."""
    return hmac.digest(salt, subject_code.encode(), "sha256")


def seal_event(event: Event, after: Head = START, staff: bytes | None = None, salt: bytes | None = None) -> Sealed:
    """Return an event as the tree holds it, tied to the line that its person's chain ends with. Raises NotLoggable.

    `staff` is the commitment to who of the operator's people did it, if one of them did; `salt` a fresh one, drawn here if it is
    not given. The parts are put together by hand, in the order that canonical JSON has: half the time.
    """
    head = b'{"actor":%b,"at":"%b","body":%b,"connection":%b,"kind":"%b"' % (
        canonical(event.actor),
        moment(event.at).encode(),
        canonical(dict(event.body)),
        b"null" if event.connection is None else b"%d" % event.connection,
        event.kind.encode(),
    )
    by = b"" if staff is None else b',"staff":"%b"' % staff.hex().encode()
    if event.subject_code is None:
        return Sealed(b"%b%b}" % (head, by), None, None, None, None)
    salt = salt or new_salt()
    who, nth = tag(salt, event.subject_code), after.nth + 1
    tied, checked = link(salt, nth, after.last).hex().encode(), check(salt).hex().encode()
    data = b'%b,"link":"%b","salt":"%b"%b,"subject":"%b"}' % (head, tied, checked, by, who.hex().encode())
    return Sealed(data, who, salt, nth, after.last)


def leaf_data(body: bytes, who: bytes | None, salt_check: bytes | None, tied: bytes | None) -> bytes:
    """Return a batch leaf as its inner tree holds it: canonical JSON around a body that is canonical JSON.

    `tied` is its link, None in a line from before there were chains.
    """
    if who is None or salt_check is None:
        return b'{"body":%b}' % body
    if tied is None:
        return b'{"body":%b,"salt":"%b","subject":"%b"}' % (body, salt_check.hex().encode(), who.hex().encode())
    return b'{"body":%b,"link":"%b","salt":"%b","subject":"%b"}' % (
        body,
        tied.hex().encode(),
        salt_check.hex().encode(),
        who.hex().encode(),
    )


def is_about(subject_code: str, who: bytes | None, salt: bytes | None) -> bool:
    """Tell whether a line is about this person; an erased line is about nobody any more."""
    return who is not None and salt is not None and hmac.compare_digest(tag(salt, subject_code), who)
