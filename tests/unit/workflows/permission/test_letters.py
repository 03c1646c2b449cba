"""Letters to customers: one file for each claim and each reminder, whole or not at all; silence counts from the letter on."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.keys import subjects
from kwartier.model.ground import Refusal
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.store.registry import letters as registry
from kwartier.workflows import permission
from kwartier.workflows.permission import letters, mandates, reminders
from kwartier.workflows.permission.asked import waiting
from kwartier.workflows.permission.requests import ask, grant, reject
from permission_support import DAY, E_INTERVAL, UNTIL, Home, claim, posted, silence, wish
from registry_support import NOON, between

NOTICE = 14 * DAY


def claimed(home: Home, **changes: Any) -> int:  # noqa: ANN401 - whatever a claim has
    """Claim a mandate and return its request."""
    assert mandates.claim(home.house, home.code(), [claim(home, **changes)], at=NOON).presented == 1
    return max(home.events())


def lying(home: Home) -> list[str]:
    """Return the files that lie there."""
    return sorted(path.name for path in home.house.letters.iterdir())


def read(home: Home, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home.house.letters / name).read_text("utf-8"))
    return found


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> Iterator[None]:
    """Let a process be killed where it calls this."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(KeyboardInterrupt):
            yield


def test_a_claim_lays_a_letter_down_that_says_all_of_it_in_both_languages(home: Home) -> None:
    settings = replace(home.house.settings, pages_at="https://meter.invalid", letters_to="Postbus 1, Zeewolde")
    there = replace(home, house=replace(home.house, settings=settings))
    request = claimed(there)
    assert lying(home) == [f"mandate-{request}.letter.json"]
    found = read(home, f"mandate-{request}.letter.json")
    code = home.world.c.execute("select code from kw.subject where key = %s", (home.person,)).fetchone()
    assert code is not None
    assert found["to"] == {"name": "", "customer": code[0], "metering_point": home.ean().reveal()}
    assert found["reference"] == f"mandate-{request}"
    assert found["if_nothing_is_said"] == {"begins": (NOON + NOTICE).isoformat()}
    for language, day in (("nl", "24 maart 2026"), ("en", "24 March 2026")):
        text = " ".join(found[language]["text"])
        for part in ("A party", home.code(), home.ean().reveal(), "inzicht", day, "https://meter.invalid", "Postbus 1, Zeewolde"):
            assert part in text, (language, part)
        assert f"mandate-{request}" in text, "what a letter that says no names"
        assert "{" not in text


def test_the_name_stands_in_the_file_and_nowhere_in_the_log(home: Home) -> None:
    key = subjects.new_key()
    home.world.c.execute(
        "update kw.subject set sealed_name = %s where key = %s", (subjects.seal(key, subjects.NAME, "Anna Zee"), home.person)
    )
    home.world.c.execute(
        "insert into kw.subject_key (subject, wrapped) values (%s, %s)", (home.person, home.house.vault.wrap_person(key))
    )
    request = claimed(home)
    assert read(home, f"mandate-{request}.letter.json")["to"]["name"] == "Anna Zee"
    leaves = home.world.c.execute("select leaf from audit.pending union all select leaf from audit.entry").fetchall()
    said = b" ".join(bytes(leaf) for (leaf,) in leaves)
    assert b"letter:laid" in said
    assert b"Anna" not in said
    assert home.ean().reveal().encode() not in said


def test_a_claim_whose_letter_never_lay_there_does_not_begin_and_the_days_run_from_the_letter(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was killed between the claim and its letter; a night two weeks later lays it down."""
    with killed_at(monkeypatch, letters, "lay"):
        claimed(home)
    late = NOON + 20 * DAY
    assert mandates.due(home.house, at=late) == 0
    done = permission.keep_up(home.house, at=late)
    assert (done.mandates_begun, done.letters, len(lying(home))) == (0, 1, 1)
    assert [one.begins for one in waiting(home.house, home.person, at=late)] == [late + NOTICE]
    assert mandates.due(home.house, at=late + NOTICE - timedelta(seconds=1)) == 0
    assert isinstance(home.may(late + NOTICE - timedelta(seconds=1)), Refusal)
    assert silence(home.house, at=late + NOTICE) == 1
    assert isinstance(home.may(late + NOTICE), Permit)


def test_nothing_is_laid_down_twice_also_when_it_was_taken(home: Home) -> None:
    request = claimed(home)
    (home.house.letters / f"mandate-{request}.letter.json").unlink()
    assert permission.keep_up(home.house, at=NOON + DAY).letters == 0
    assert lying(home) == []


@pytest.mark.parametrize(
    ("module", "name"), [(Path, "replace"), (registry, "laid")], ids=["written and not named", "named and not marked"]
)
def test_what_was_cut_off_is_laid_down_once_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    with killed_at(monkeypatch, module, name):
        claimed(home)
    assert home.world.c.execute("select from kw.letter").fetchall() == []
    assert len(lying(home)) == 1
    assert letters.lay(home.house, at=NOON + DAY) == 1
    (name_,) = lying(home)
    assert name_.endswith(".letter.json")
    assert read(home, name_)["if_nothing_is_said"] == {"begins": (NOON + DAY + NOTICE).isoformat()}


def test_a_letter_that_was_named_and_not_marked_goes_if_nothing_is_to_be_said_any_more(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at(monkeypatch, registry, "laid"):
        claimed(home)
    (home.house.letters / "reminder-1.letter.json").touch()  # no letter is called so: it is somebody else's
    reject(home.house, home.person, max(home.events()), at=NOON + DAY)
    assert letters.lay(home.house, at=NOON + DAY) == 0
    assert lying(home) == ["reminder-1.letter.json"]


def test_a_folder_that_cannot_be_written_stops_nobody_and_lets_nothing_begin(home: Home) -> None:
    home.house.letters.rmdir()
    home.house.letters.write_text("no folder")
    claimed(home)
    upkeep = permission.keep_up(home.house, at=NOON + 30 * DAY)
    assert (upkeep.mandates_begun, upkeep.letters) == (0, 0)
    home.house.letters.unlink()
    assert permission.keep_up(home.house, at=NOON + 31 * DAY).letters == 1


def test_how_many_wait_for_the_folder_and_since_when_is_reported_and_nobody_is_in_it(home: Home) -> None:
    end = NOON + 60 * DAY
    for party in (None, home.app):
        home.world.permission(home.connection, home.person, party, Period(NOON - DAY, end), mask=E_INTERVAL)
    quiet = permission.keep_up(home.house, at=NOON).counts()
    assert (quiet["letters_waiting"], quiet["letters_waiting_since"]) == (0, None)
    home.house.letters.rmdir()
    home.house.letters.write_text("no folder")
    for n in range(3):
        claimed(home, reference=f"r{n}", purpose=f"doel {n}")
    reject(home.house, home.person, max(home.events()), at=NOON + DAY)
    late = permission.keep_up(home.house, at=NOON + 40 * DAY).counts()
    assert (late["letters_waiting"], late["letters_waiting_since"]) == (4, NOON.isoformat())
    assert json.loads(json.dumps(late)) == late
    there = replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere"))
    only_own = permission.keep_up(there, at=NOON + 41 * DAY).counts()
    assert (only_own["letters_waiting"], only_own["letters_waiting_since"]) == (1, (NOON + 40 * DAY).isoformat())
    home.house.letters.unlink()
    mended = permission.keep_up(home.house, at=NOON + 42 * DAY).counts()
    assert (mended["letters"], mended["letters_waiting"], mended["letters_waiting_since"]) == (4, 0, None)


def test_two_at_once_lay_each_letter_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "AT_ONCE", 3)
    with killed_at(monkeypatch, letters, "lay"):
        mandates.claim(home.house, home.code(), [claim(home, reference=f"r{n}", purpose=f"doel {n}") for n in range(10)], at=NOON)
    with ThreadPoolExecutor(2) as threads:
        laid = [each.result() for each in [threads.submit(letters.lay, home.house, at=NOON) for _ in range(2)]]
    assert sum(laid) == len(lying(home)) == 10


def test_a_letter_keeps_its_word_when_the_setting_changes(home: Home) -> None:
    claimed(home)
    shorter = replace(home.house, settings=replace(home.house.settings, mandate_notice_days=1))
    assert mandates.due(shorter, at=NOON + NOTICE - timedelta(seconds=1)) == 0


@pytest.mark.parametrize("early", [True, False])
def test_the_database_lets_no_mandate_begin_before_its_letter_says(home: Home, early: bool) -> None:  # noqa: FBT001 - a case
    request = claimed(home)
    at = NOON + NOTICE - (timedelta(seconds=1) if early else timedelta())
    said = ("insert into kw.request_event (request, at, event) values (%s, %s, 'granted')", (request, at))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation) as fault, home.house.operator() as c:
        c.execute(*said)
    assert fault.value.diag.constraint_name == ("letter_first" if early else "answers")


def test_a_customer_may_say_yes_to_a_claim_without_waiting(home: Home) -> None:
    grant(home.house, home.person, claimed(home), at=NOON + DAY)
    assert isinstance(home.may(NOON + DAY), Permit)


def test_what_a_party_asks_needs_no_letter(home: Home) -> None:
    ask(home.house, home.code(), home.ean(), wish(), at=NOON)
    assert letters.lay(home.house, at=NOON) == 0
    assert permission.keep_up(home.house, at=NOON + 30 * DAY).timed_out == 1


# What nobody takes


def begins(home: Home, request: int) -> datetime:
    """Return when the letter that lies there says that the mandate begins."""
    return datetime.fromisoformat(read(home, f"mandate-{request}.letter.json")["if_nothing_is_said"]["begins"])


def test_nothing_begins_by_silence_while_its_letter_lies_there(home: Home) -> None:
    claimed(home)
    late = NOON + NOTICE
    assert mandates.due(home.house, at=late) == 0
    assert isinstance(home.may(late), Refusal)
    assert silence(home.house, at=late) == 1


def test_where_nobody_can_look_the_letter_lies_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(home)
    posted(home.house)

    def denied(_: Path) -> bool:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", denied)
        assert mandates.due(home.house, at=NOON + NOTICE) == 0
    assert mandates.due(home.house, at=NOON + NOTICE) == 1


def test_a_letter_that_nobody_takes_is_written_anew_with_a_later_day(home: Home) -> None:
    request = claimed(home)
    third = NOON + letters.TAKEN_WITHIN
    quiet = permission.keep_up(home.house, at=third - timedelta(seconds=1)).counts()
    assert (quiet["letters_untaken"], quiet["letters_untaken_since"], begins(home, request)) == (0, None, NOON + NOTICE)
    for day, first_day in ((third, third), (third + DAY, third), (third + 3 * DAY, third + 3 * DAY)):
        late = permission.keep_up(home.house, at=day).counts()
        assert (late["letters_untaken"], late["letters_untaken_since"]) == (1, NOON.isoformat())
        assert begins(home, request) == first_day + NOTICE
        assert [one.begins for one in waiting(home.house, home.person, at=day)] == [first_day + NOTICE], "the page says so too"
    posted(home.house)
    last = third + 3 * DAY + NOTICE
    early = permission.keep_up(home.house, at=last - timedelta(seconds=1))
    assert (early.mandates_begun, early.waiting.untaken) == (0, 0)
    assert permission.keep_up(home.house, at=last).mandates_begun == 1
    assert isinstance(home.may(last), Permit)


def test_a_sweep_after_a_long_while_lets_nothing_begin_whose_letter_lies_there(home: Home) -> None:
    request = claimed(home)
    late = NOON + 100 * DAY
    assert permission.keep_up(home.house, at=late).mandates_begun == 0
    assert begins(home, request) == late + NOTICE


def test_the_database_goes_by_the_last_letter(home: Home) -> None:
    request = claimed(home)
    again = NOON + letters.TAKEN_WITHIN
    permission.keep_up(home.house, at=again)
    said = "insert into kw.request_event (request, at, event) values (%s, %s, 'granted')"
    for at, constraint in ((NOON + NOTICE, "letter_first"), (again + NOTICE, "answers")):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation) as fault, home.house.operator() as c:
            c.execute(said, (request, at))
        assert fault.value.diag.constraint_name == constraint


def test_what_was_answered_is_not_written_anew(home: Home) -> None:
    vetoed, given = claimed(home), claimed(home, reference="r2", purpose="iets anders")
    mandates.veto(home.house, home.person, vetoed, at=NOON + DAY)
    grant(home.house, home.person, given, at=NOON + DAY)
    done = permission.keep_up(home.house, at=NOON + 5 * DAY)
    assert done.waiting.untaken == 0
    assert {begins(home, one) for one in (vetoed, given)} == {NOON + NOTICE}
    there = replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere"))
    assert permission.keep_up(there, at=NOON + 5 * DAY).waiting.untaken == 0


@pytest.mark.parametrize("where", ["named", "written"])
def test_a_crash_while_it_is_written_anew_leaves_the_later_day_in_force(
    home: Home, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    request = claimed(home)
    third = NOON + letters.TAKEN_WITHIN
    with killed_at(monkeypatch, *((Path, "replace") if where == "named" else (letters, "_put"))):
        permission.keep_up(home.house, at=third)
    assert begins(home, request) == NOON + NOTICE, "the old one lies there"
    assert [one.begins for one in waiting(home.house, home.person, at=third)] == [third + NOTICE]
    posted(home.house)
    assert permission.keep_up(home.house, at=third + NOTICE - timedelta(seconds=1)).mandates_begun == 0
    assert lying(home) == []
    assert permission.keep_up(home.house, at=third + NOTICE).mandates_begun == 1


def test_one_that_is_taken_while_it_is_written_anew_is_not_laid_down_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(home)
    laid = registry.laid

    def taken_first(*given: Any) -> None:  # noqa: ANN401 - whatever it is given
        posted(home.house)
        laid(*given)

    monkeypatch.setattr(registry, "laid", taken_first)
    permission.keep_up(home.house, at=NOON + letters.TAKEN_WITHIN)
    assert lying(home) == []


def test_where_it_cannot_be_written_anew_nothing_begins_and_the_night_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    request = claimed(home)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        done = permission.keep_up(home.house, at=NOON + 20 * DAY)
    assert (done.mandates_begun, done.waiting.untaken, begins(home, request)) == (0, 1, NOON + NOTICE)
    assert permission.keep_up(home.house, at=NOON + 23 * DAY).waiting.untaken == 1
    assert begins(home, request) == NOON + 23 * DAY + NOTICE


def test_files_that_no_letter_is_called_by_are_left_alone(home: Home) -> None:
    claimed(home)
    strange = [f"mandate-{10**number}.letter.json" for number in (10, 19, 40)]
    for name in strange:
        (home.house.letters / name).touch()
    assert permission.keep_up(home.house, at=NOON + 5 * DAY).waiting.untaken == 1
    assert {*strange} < {*lying(home)}


# Before an end


def reminded(home: Home, party: int | None) -> tuple[int, datetime]:
    """Let a permission be about to end; return it, and when it ends."""
    number = home.world.permission(home.connection, home.person, party, between("2026-01-01", "2026-04-20"), mask=E_INTERVAL)
    return number, between("2026-01-01", "2026-04-20").end or NOON


def test_before_an_end_a_letter_is_laid_down_at_each_step(home: Home) -> None:
    number, end = reminded(home, home.app)
    assert permission.keep_up(home.house, at=end - 31 * DAY).letters == 0
    assert [permission.keep_up(home.house, at=end - 30 * DAY).letters for _ in range(2)] == [1, 0]
    assert permission.keep_up(home.house, at=end - 7 * DAY).letters == 1
    assert lying(home) == [f"reminder-{number}-30.letter.json", f"reminder-{number}-7.letter.json"]
    found = read(home, f"reminder-{number}-30.letter.json")
    assert found["if_nothing_is_said"] == {"ends": end.isoformat()}
    assert "20 april 2026" in " ".join(found["nl"]["text"])


def test_of_a_reminder_that_was_overtaken_ended_or_renewed_no_letter_is_laid_down(home: Home) -> None:
    number, end = reminded(home, None)
    reminders.remind(home.house, at=end - 30 * DAY)
    reminders.remind(home.house, at=end - 7 * DAY)
    reminders.renew(home.house, home.person, number, until=UNTIL, at=end - 6 * DAY)
    assert letters.lay(home.house, at=end - 6 * DAY) == 0
    other, _ = reminded(home, home.app)
    reminders.remind(home.house, at=end - 7 * DAY)
    permission.revoke(home.house, home.person, other, at=end - 6 * DAY)
    assert letters.lay(home.house, at=end - 6 * DAY) == 0


def test_of_the_own_page_too_and_of_parties_not_where_another_body_grants(home: Home) -> None:
    reminded(home, home.app)
    number, end = reminded(home, None)
    there = replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere"))
    reminders.remind(there, at=end - 7 * DAY)
    assert letters.lay(there, at=end - 7 * DAY) == 1
    assert lying(home) == [f"reminder-{number}-7.letter.json"]
    assert "uw eigen pagina" in read(home, lying(home)[0])["nl"]["subject"]
