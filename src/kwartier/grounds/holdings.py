"""What is held about people, kind by kind: where it comes from, what it is needed for, how long it stays, on which article.

For whoever asks (GDPR art. 15(1)) and for the record of processing (art. 30). Terms are those of retention.py and no others: what
is promised here is what a nightly run carries out. Words stand here in both languages, as the rows of the code of conduct do.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.grounds.retention import Keep, Kept, in_force


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One kind of personal data. `where` are the tables or files, for the record; the rest is for people.

    `rows` are its rows of the retention table, which say how long: no kind is without.
    """

    id: str
    where: tuple[str, ...]
    nl: str
    en: str
    source_nl: str
    source_en: str
    article: str
    rows: tuple[Kept, ...]


_OTHERS = ("het aansluitingenregister en uw leverancier", "the connection register and your supplier")

HOLDINGS: Final[tuple[Holding, ...]] = (
    Holding(
        id="person",
        where=("kw.subject", "kw.subject_key", "kw.occupancy"),
        nl="Uw naam, uw klantcode, sinds wanneer wij die hebben en waar en wanneer u woont of woonde",
        en="Your name, your customer code, since when we have them, and where and when you live or lived",
        source_nl=_OTHERS[0],
        source_en=_OTHERS[1],
        rows=(Kept.PERSONS,),
        article="Informatiecode 10.1; GDPR art. 6(1)(c)",
    ),
    Holding(
        id="connection",
        where=("kw.connection", "kw.supply", "kw.meter", "kw.coupling"),
        nl="Uw aansluiting, uw meters en wie u energie levert",
        en="Your connection, your meters, and who supplies you",
        source_nl=_OTHERS[0],
        source_en=_OTHERS[1],
        rows=(Kept.SUPPLIES,),
        article="Informatiecode 10.1; GDPR art. 6(1)(c)",
    ),
    Holding(
        id="permissions",
        where=(
            *("kw.permission", "kw.permission_event", "kw.permission_state", "kw.permission_request", "kw.request_event"),
            *("kw.permission_reminder", "kw.mandate_sample", "kw.mandate_evidence", "kw.late_no", "kw.letter", "letters"),
        ),
        nl="Welke toestemmingen u gaf en introk",
        en="Which permissions you gave and revoked",
        source_nl="uzelf, of de partij aan wie u de toestemming gaf",
        source_en="yourself, or the party that you gave the permission to",
        rows=(Kept.PERMISSIONS, Kept.LETTERS),
        article="GDPR art. 7(1); Regulation (EU) 2023/1162 art. 8",
    ),
    Holding(
        id="readings",
        where=("lake", "kw.quarantine", "kw.hand_reading", "kw.correction"),
        nl="Meterstanden en verbruik per kwartier of uur, voor zover iemand er een grond voor had",
        en="Registers and usage per quarter or hour, as far as somebody had a ground for them",
        source_nl="uw meter, op afstand uitgelezen, of wie hem ter plaatse opnam",
        source_en="your meter, read remotely, or whoever read it there",
        rows=(Kept.READINGS, Kept.HAND_READINGS, Kept.QUARANTINE),
        article="Informatiecode 10.1; GDPR art. 5(1)(e), 6(1)(a), (c)",
    ),
    Holding(
        id="parcels",
        where=(
            "kw.parcel",
            "kw.delivery_due",
            "kw.late_change",
            "kw.late_regular",
            "kw.bundle",
            "kw.rectification_notice",
            "outbox",
        ),
        nl="Wat aan uw leverancier of aan een app is geleverd",
        en="What was delivered to your supplier or to an app",
        source_nl="de levering zelf",
        source_en="the delivery itself",
        rows=(Kept.PARCELS, Kept.DOCUMENTS),
        article="Informatiecode 10.1; GDPR art. 5(2)",
    ),
    Holding(
        id="choices",
        where=("kw.restriction",),
        nl="Of u de slimme meter weigerde of administratief liet uitzetten",
        en="Whether you refused the smart meter or had it switched off administratively",
        source_nl="uzelf",
        source_en="yourself",
        rows=(Kept.CHOICES,),
        article="E98 art. 26ac(2), 26ae(11); Energiewet (article not read)",
    ),
    Holding(
        id="care",
        where=("kw.sight", "kw.alarm", "kw.use_case_day"),
        nl="Wat bij zorg voor meter en net is gezien: batterij, klok, storingen, spanning",
        en="What care for meter and grid saw: battery, clock, outages, voltage",
        source_nl="uw meter, binnen een goedgekeurde toepassing",
        source_en="your meter, within an approved use case",
        rows=(Kept.SIGHTS, Kept.ALARMS, Kept.USE_CASE_DAYS),
        article="GDPR art. 6(1)(e); Gedragscode Slim Netbeheer (body not read)",
    ),
    Holding(
        id="log",
        where=("audit.event", "audit.block", "audit.head", "audit.page", "kw.outcome"),
        nl="Wie keek, las of leverde, en op welke grond",
        en="Who looked, read or delivered, and on which ground",
        source_nl="de verwerking zelf",
        source_en="the processing itself",
        rows=(Kept.LOG_TIES, Kept.OUTCOMES),
        article="GDPR art. 5(2), 32; Regulation (EU) 2023/1162 art. 5",
    ),
    Holding(
        id="rights",
        where=(
            *(
                "kw.rights_request",
                "kw.rights_event",
                "kw.hold",
                "kw.objection",
                "kw.rectification",
                "kw.superseded",
                "kw.dispute",
                "kw.dispute_end",
            ),
            *("kw.erasure", "kw.erasure_part"),
        ),
        nl="Uw verzoeken onder de privacywet, en wat er van is geworden",
        en="Your requests under the privacy law, and what became of them",
        source_nl="uzelf",
        source_en="yourself",
        rows=(Kept.RIGHTS,),
        article="GDPR art. 5(2), 12",
    ),
    Holding(
        id="breaches",
        where=("kw.breach", "kw.breach_event", "kw.breach_touched"),
        nl="Datalekken die u raakten",
        en="Data breaches that touched you",
        source_nl="het logboek",
        source_en="the log",
        rows=(Kept.BREACHES,),
        article="GDPR art. 33(5), 34",
    ),
    Holding(
        id="imports",
        where=("kw.import_reject",),
        nl="Regels over u die bij een import zijn geweigerd",
        en="Rows about you that an import refused",
        source_nl=_OTHERS[0],
        source_en=_OTHERS[1],
        rows=(Kept.REJECTED_ROWS,),
        article="GDPR art. 5(1)(d)",
    ),
)


def terms(one: Holding, at: datetime) -> list[Keep]:
    """Return the rows of the retention table that say how long this is kept, as of a moment."""
    return [row for row in in_force(at) if row.kept in one.rows]


def kept(one: Holding, at: datetime, language: str) -> str:
    """Say how long it is kept, in `nl` or `en`."""
    said = [f"{row.nl if language == 'nl' else row.en}: {row.term.said(language)}" for row in terms(one, at)]
    return "; ".join(said)
