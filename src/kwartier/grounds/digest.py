"""The digest of an edition: what it means, in one hash. Its words may be put better; who may know what may not change unseen.

Left out are the words of the rows, when the edition ended, since the next one says so, and which denials pass: that moves when
somebody is answered, never what.
"""

import json
from hashlib import sha256
from typing import Any

from kwartier.grounds.retention import Keep
from kwartier.grounds.rule import Edition, Rule, Schedule, WhenOff


def digest(edition: Edition) -> str:
    """Return 64 hex digits: the same for two editions that decide and promise the same."""
    return sha256(json.dumps(_meaning(edition), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest_of_term(row: Keep) -> str:
    """Return 16 hex digits: the same for two rows of the retention table that let the same be kept for the same time.

    Left out are the words, and when the row ended, since the next one says so.
    """
    meaning = {
        "kept": row.kept,
        "role": row.role,
        "purposes": sorted(row.purposes),
        "term": [row.term.months, row.term.days],
        "start": row.in_force.start.isoformat(),
        "certainty": row.certainty,
    }
    return sha256(json.dumps(meaning, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _meaning(edition: Edition) -> dict[str, Any]:
    return {
        "id": edition.id,
        "start": edition.in_force.start.isoformat(),
        "overview": _schedule(edition.overview),
        "rules": [_rule(rule) for rule in edition.rules],
        "when_off": [_when_off(row) for row in edition.when_off],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    terms = rule.terms
    return {
        "id": rule.id,
        "no": rule.no,
        "purpose": rule.purpose,
        "role": rule.role,
        "actions": list(rule.actions),
        "mask": rule.mask,
        "data_classes": sorted(rule.data_classes),
        "condition": rule.condition,
        "schedule": _schedule(rule.schedule),
        "station": rule.station,
        "keeps": rule.keeps,
        "sentence": rule.sentence,
        "article": rule.article,
        "certainty": rule.article_certainty,
        "terms": None if terms is None else [terms.history, terms.frequency, terms.retention, terms.about, terms.logging],
    }


def _schedule(schedule: Schedule) -> list[list[int]]:
    return [list(schedule.months), list(schedule.days)]


def _when_off(row: WhenOff) -> list[Any]:
    return [row.data_class, row.readable, row.in_force.start.isoformat(), row.source, row.certainty]
