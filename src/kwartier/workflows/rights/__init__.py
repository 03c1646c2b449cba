"""What a person may ask by the privacy law, and what the operator owes without being asked."""

from kwartier.store.registry.breaches import Breach, Scope, TouchedMe
from kwartier.store.registry.rectifications import Rectification
from kwartier.store.registry.rights import RightRequest as MyRequest
from kwartier.workflows.rights.access import document as access_document
from kwartier.workflows.rights.breach import touched_me
from kwartier.workflows.rights.portable import file, for_post
from kwartier.workflows.rights.record import record
from kwartier.workflows.rights.register import (
    MOST_WORDS,
    answer,
    answered_at_once,
    ask,
    ask_for,
    extend,
    lift,
    listed,
    look,
    mine,
    objectionable,
    override,
    request,
)

__all__ = [
    "MOST_WORDS",
    "Breach",
    "MyRequest",
    "Rectification",
    "Scope",
    "TouchedMe",
    "access_document",
    "answer",
    "answered_at_once",
    "ask",
    "ask_for",
    "extend",
    "file",
    "for_post",
    "lift",
    "listed",
    "look",
    "mine",
    "objectionable",
    "override",
    "record",
    "request",
    "touched_me",
]
