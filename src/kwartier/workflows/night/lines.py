"""The lines of a round in the log: each about one person, who can find it and check it.

A task may serve permits about two people, since a register at a boundary closes the time of one and opens that of the other. Each
has a line of their own, with the grounds that concern them: a new occupant learns nothing of who read for the former one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from kwartier.audit import leaves
from kwartier.audit.events import EventKind
from kwartier.audit.leaves import Leaf
from kwartier.model.permit import Permit
from kwartier.model.task import Task
from kwartier.workflows.night.intent import Intent
from kwartier.workflows.night.job import Outcome


def about(intent: Intent) -> set[int]:
    """Return the people whom a round's permits and refusals are about."""
    people = {permit.subject for permit in intent.permits.values()} | {refusal.subject for refusal in intent.refusals}
    return {one for one in people if one is not None}


def before(intent: Intent) -> dict[EventKind, list[Leaf]]:
    """Say what is not asked and what is going to be, by kind; a kind without lines is left out."""
    said = {EventKind.BATCH_REFUSED: refused(intent), EventKind.BATCH_INTENDED: intended(intent)}
    return {kind: some for kind, some in said.items() if some}


def refused(intent: Intent) -> list[Leaf]:
    """Say what is not asked, and why."""
    return [leaves.refused(one, _code(intent, one.subject)) for one in intent.refusals]


def intended(intent: Intent) -> list[Leaf]:
    """Say what is going to be asked."""
    requests = {key: permit.request for key, permit in intent.permits.items()}
    return [
        leaves.intended(part, requests, _code(intent, subject))
        for task in intent.tasks
        for subject, part in _by_subject(task, intent.permits)
    ]


def read(intent: Intent, outcomes: Iterable[Outcome]) -> list[Leaf]:
    """Say how it ended."""
    return [
        leaves.read(part, one.result, one.reason, _served(one, part), one.at, _code(intent, subject))
        for one in outcomes
        for subject, part in _by_subject(one.task, intent.permits)
    ]


def _by_subject(task: Task, permits: Mapping[bytes, Permit]) -> Iterator[tuple[int | None, Task]]:
    """Yield a task once for each person its permits are about, with the permits about them."""
    people = defaultdict(list)
    for ref in task.permits:
        people[permits[ref.id].subject].append(ref)
    for subject, refs in people.items():
        yield subject, task if len(people) == 1 else replace(task, permits=tuple(refs))


def _served(one: Outcome, part: Task) -> Iterator[bytes]:
    mine = {ref.id for ref in part.permits}
    return (ref.id for ref in one.served if ref.id in mine)


def _code(intent: Intent, subject: int | None) -> str | None:
    return None if subject is None else intent.subjects.get(subject)
