"""Everything the registry holds about one person, each row cut to the person's own time at the connection. For the operator.

Nothing of who lived there before or after: every query joins the person's own stays, and gives the time that both share. A register
on the boundary is of both; who else has it from the other's supplier or app is the other's. What was handed over of the own time
in the name of somebody who turned out to have moved is the person's, and does not say whose name that was.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final, LiteralString, final

from kwartier.model.ean import Ean
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.hand_readings import THEIRS
from kwartier.store.registry.rows import C

Found = dict[str, Any]
_MINE: Final = "with mine as (select id, connection, period from kw.occupancy where subject = %(me)s) select m.id, "

QUERIES: Final[dict[str, tuple[tuple[str, ...], LiteralString]]] = {
    "supplies": (
        ("supplier", "period"),
        """
            p.name, s.period * m.period from mine m join kw.supply s on s.connection = m.connection and s.period && m.period
            join kw.party p on p.key = s.party order by lower(s.period)
        """,
    ),
    "restrictions": (
        ("kind", "period"),
        """
            r.kind, r.period * m.period from mine m join kw.restriction r on r.connection = m.connection and r.period && m.period
            order by lower(r.period)
        """,
    ),
    "meters": (
        ("equipment_id", "model", "period"),
        """
            t.equipment_id, t.model, t.placed * m.period from mine m join kw.meter t on t.connection = m.connection
            and t.placed && m.period order by lower(t.placed)
        """,
    ),
    "couplings": (
        ("mbus", "equipment_id", "period"),
        """
            k.mbus, t.equipment_id, k.period * m.period from mine m join kw.coupling k on k.connection = m.connection
            and k.period && m.period join kw.meter t on t.key = k.meter order by lower(k.period)
        """,
    ),
    "recipients": (
        ("role", "receiver", "purpose", "channels", "period", "status", "reason", "at", "in_the_name_of"),
        """
            p.receiver_role, coalesce(y.name, p.receiver_role), p.purpose, p.mask,
            case when p.subject <> %(me)s and lower(p.period) < upper(p.period) then p.period * m.period else p.period end,
            p.status, p.reason, p.at, case when p.subject <> %(me)s then 'registered_then' end from mine m
            join kw.parcel p on p.connection = m.connection and kw.shares(m.period, p.period) and p.status <> 'sending'
            and (p.subject is null or p.subject = %(me)s
                or p.status = 'delivered' and kw.astray(p.connection, p.subject, p.period))
            left join kw.party y on y.key = p.receiver order by p.at, p.id
        """,
    ),
    "put_aside": (
        ("profile", "first_s", "last_s", "verdicts"),
        """
            q.profile, greatest(q.first_s, extract(epoch from lower(m.period))::bigint),
            least(q.last_s, extract(epoch from upper(m.period))::bigint), q.verdicts from mine m join kw.quarantine q
            on q.connection = m.connection
            and kw.shares(m.period, tstzrange(to_timestamp(q.first_s), to_timestamp(q.last_s), '[]')) order by q.id
        """,
    ),
    "care": (
        ("purpose", "what", "at", "value", "text"),
        """
            s.purpose, s.chore, s.at, s.value, s.text from mine m join kw.sight s on s.connection = m.connection
            and m.period @> s.at order by s.at, s.chore
        """,
    ),
    "alarms": (
        ("at", "register", "state"),
        """
            a.at, a.register, a.state from mine m join kw.alarm a on a.connection = m.connection and m.period @> a.at order by a.id
        """,
    ),
    "use_case_days": (
        ("purpose", "day", "came_of_it"),
        """
            u.purpose, d.day, case when d.lost then 'lost' else 'used' end
            from mine m join kw.use_case_day d on d.connection = m.connection
            and m.period @> (d.day::timestamp at time zone 'Europe/Amsterdam') join kw.use_case u on u.id = d.use_case
            order by d.day, u.purpose
        """,
    ),
    "readings_by_hand": (
        ("channels", "value", "at", "how"),
        """
            1 << h.channel, h.value, h.at, h.how from mine m join kw.hand_reading h on h.connection = m.connection
            and (m.period @> h.at or upper(m.period) = h.at) and
        """
        + THEIRS
        + """
            order by h.at, h.channel
        """,
    ),
    "asked_by_parties": (
        ("party", "purpose", "channels", "at", "event"),
        """
            coalesce(y.name, ''), r.purpose, r.mask, e.at, e.event from mine m join kw.permission_request r
            on r.connection = m.connection and r.subject = %(me)s and m.period @> r.asked
            join kw.request_event e on e.request = r.id left join kw.party y on y.key = r.party order by e.id
        """,
    ),
    "holds": (
        ("period",),
        """
            h.period from mine m join kw.hold h on h.connection = m.connection and h.subject = %(me)s
            and h.period && m.period order by h.id
        """,
    ),
    "objections": (
        ("purpose", "period"),
        """
            o.purpose, o.period from mine m join kw.objection o on o.connection = m.connection and o.subject = %(me)s
            and o.period && m.period order by o.id
        """,
    ),
    "connection": (
        ("capacity_w", "area", "transformer"),
        """
            n.capacity_w, n.area, coalesce(t.name, '') from mine m join kw.connection n on n.key = m.connection
            left join kw.transformer t on t.key = n.transformer
        """,
    ),
    "promised": (
        ("receiver", "purpose", "channels", "period"),
        """
            y.name, d.purpose, d.mask, tstzrange(greatest(to_timestamp(d.first_s), lower(m.period)),
                least(to_timestamp(d.last_s), upper(m.period)), '[]') from mine m
            join kw.delivery_due d on d.connection = m.connection
            and kw.shares(m.period, tstzrange(to_timestamp(d.first_s), to_timestamp(d.last_s), '[]'))
            and case d.role when 'third_party' then exists (select from kw.permission g
                where g.connection = d.connection and g.party = d.receiver and g.subject = %(me)s)
            else exists (select from kw.supply s
                where s.connection = d.connection and s.party = d.receiver and s.period && m.period) end
            and not exists (select from kw.parcel p where p.due = d.id) join kw.party y on y.key = d.receiver order by d.id
        """,
    ),
    "told_late": (
        ("at", "told", "receiver", "purpose"),
        """
            l.moment, l.told, y.name, r.purpose from mine m join kw.late_change l on l.connection = m.connection
            and (m.period @> l.moment or upper(m.period) = l.moment)
            left join kw.late_regular r on r.connection = l.connection and r.moment = l.moment
            left join kw.supply s on s.id = r.supply left join kw.party y on y.key = s.party order by l.moment, r.supply, r.purpose
        """,
    ),
    "mandates_sampled": (
        ("party", "at", "outcome"),
        """
            coalesce(y.name, ''), s.at, coalesce(e.outcome, 'asked') from mine m join kw.permission_request r
            on r.connection = m.connection and r.subject = %(me)s and m.period @> r.asked
            join kw.mandate_sample s on s.request = r.id left join kw.mandate_evidence e on e.sample = s.id
            left join kw.party y on y.key = r.party order by s.id
        """,
    ),
    "reminders": (
        ("permission", "at"),
        """
            p.id, w.at from mine m join kw.permission p on p.connection = m.connection and p.subject = %(me)s
            and p.live && m.period join kw.permission_reminder w on w.permission = p.id and m.period @> w.at order by w.at, p.id
        """,
    ),
    "noes": (
        ("party", "purpose", "at"),
        """
            coalesce(y.name, ''), s.purpose, n.at from kw.late_no n join (
                select p.id as permission, null as request, p.connection, p.party, p.purpose, lower(p.live) as since
                from kw.permission p where p.subject = %(me)s union all
                select null, r.id, r.connection, r.party, r.purpose, r.asked from kw.permission_request r where r.subject = %(me)s
            ) s on s.permission = n.permission or s.request = n.request
            join mine m on m.connection = s.connection and m.period @> s.since
            left join kw.party y on y.key = s.party order by n.id
        """,
    ),
    "letters": (
        ("about", "at", "answer_by"),
        """
            case when l.request is null then 'end' else 'mandate' end, l.at, l.answer_by
            from mine m join kw.letter l on m.period @> l.at and (exists (select from kw.permission_request r
                where r.id = l.request and r.connection = m.connection and r.subject = %(me)s)
            or exists (select from kw.permission p
                where p.id = l.permission and p.connection = m.connection and p.subject = %(me)s)) order by l.id
        """,
    ),
    "disputes": (
        ("period", "at", "outcome", "ended"),
        """
            d.period, d.asked, coalesce(e.outcome, ''), e.at from mine m join kw.dispute d on d.connection = m.connection
            and d.subject = %(me)s and d.period && m.period left join kw.dispute_end e on e.dispute = d.id order by d.id
        """,
    ),
    "told_of_corrections": (
        ("receiver", "fact", "at"),
        """
            y.name, x.fact, n.told from mine m join kw.rectification x on x.connection = m.connection
            and kw.shares(m.period, x.wrong) join kw.rectification_notice n on n.rectification = x.id
            and exists (select from kw.parcel p where p.id = any(n.parcels) and kw.shares(m.period, p.period)
                and (p.subject is null or p.subject = %(me)s or kw.astray(p.connection, p.subject, p.period)))
            join kw.party y on y.key = n.receiver order by x.id, y.key
        """,
    ),
    "corrections": (
        ("fact", "wrong", "at"),
        """
            x.fact, tstzrange(greatest(lower(x.wrong), lower(m.period)), least(upper(x.wrong), upper(m.period)), '[]'), x.at
            from mine m join kw.rectification x on x.connection = m.connection and kw.shares(m.period, x.wrong) order by x.id
        """,
    ),
}
"""What of a stay, with its columns and where it comes from; a period is the part within the stay."""


@final
@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of a person at a connection, and all that is held about it."""

    id: int
    holds: dict[str, list[Found]]


_TAKEN_OUT: Final = """
    select c.ean, s.period, x.at from kw.superseded s join kw.connection c on c.key = s.connection
    join kw.rectification x on x.id = s.rectification where s.fact = 'occupancy' and s.subject = %s order by s.id
"""


def taken_out(c: C, subject: int) -> list[Found]:
    """Return the stays of a person that were wrong: at which connection, in which time, and since when that is known."""
    with _rows.cursor(c) as cursor:
        return [{"ean": Ean(ean), "period": period, "at": at} for ean, period, at in cursor.execute(_TAKEN_OUT, (subject,))]


def of_person(c: C, subject: int) -> dict[int, Stay]:
    """Return everything about a person's stays, by the id of the occupancy."""
    found: dict[int, dict[str, list[Found]]] = defaultdict(lambda: {name: [] for name in QUERIES})
    with _rows.cursor(c) as cursor:
        for name, (columns, query) in QUERIES.items():
            for row in cursor.execute(_MINE + query, {"me": subject}):
                found[row[0]][name].append(dict(zip(columns, row[1:], strict=True)))
    return {key: Stay(key, {**held}) for key, held in found.items()}
