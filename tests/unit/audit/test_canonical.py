"""Canonical JSON is written by hand, in one pass: byte by byte what the standard library writes, and nothing else passes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit.canonical import Json, canonical, moment
from kwartier.audit.errors import NotLoggable


class Word(StrEnum):
    ONE = 'o"n\ne'


class Number(IntEnum):
    TWO = 2


TEXT = st.text(st.characters(exclude_characters="\x00", codec="utf-8")) | st.sampled_from(
    ["", "\\u0000", "\\\\u0000", '"', "\x1f\x7f\u2028", "ë—𐐷", Word.ONE]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**70) | TEXT | st.just(Number.TWO),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(VALUES)
def test_it_is_what_the_standard_library_writes(value: Json) -> None:
    wanted = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(value) == wanted.encode()


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        b"x",
        {1: 2},
        {None: 1},
        {1: 1, "a": 2},
        (1,),
        {"a": {1}},
        "\ud800",
        "\x00",
        {"a\x00": 1},
        [["\x00"]],
        object(),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:  # noqa: ANN401 - wrong types on purpose
    with pytest.raises(NotLoggable):
        canonical(value)
    with pytest.raises(NotLoggable):
        canonical({"a": [value]})


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(-timedelta(minutes=90))])))
def test_a_moment_is_written_in_utc_to_the_microsecond(at: datetime) -> None:
    try:
        wanted = at.astimezone(UTC)
    except OverflowError:
        return
    assert moment(at) == wanted.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
