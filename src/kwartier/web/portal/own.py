"""Which of their own connections somebody means: a link or form names its key, for the place in a list may soon be another's.

A list of homes is made anew at each request, the newest stay first. The key is a surrogate: it tells nothing of a home or person.
"""

from kwartier.web.portal.answer import Form, NotThereNow, Unclear
from kwartier.web.portal.desk import Desk
from kwartier.workflows import inquiry

LONGEST_KEY = 18
"""Digits of a number that a registry can hold."""


def named(form: Form) -> int:
    """Return the key that an address or form names. Raises Unclear where it names none."""
    text = form.get("connection", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY):
        raise Unclear
    return int(text)


def lived_in(desk: Desk, subject: int, form: Form) -> inquiry.MyConnection:
    """Return the connection that is named, where this person lives now. Raises Unclear, NotYours, NotThereNow."""
    key, at = named(form), desk.clock()
    theirs = [one for one in inquiry.connections(desk.house, subject) if one.key == key]
    if not theirs:
        msg = "no such connection of this person"
        raise inquiry.NotYours(msg)
    for one in theirs:
        if one.mine.contains(at):
            return one
    raise NotThereNow
