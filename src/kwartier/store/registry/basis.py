"""What a channel-day's `basis` means: a set of rule numbers as bits, spelled out once so that the lake can be read alone."""

from collections.abc import Mapping, Sequence

from kwartier.store.registry.rows import C


def ensure(c: C, sets: Mapping[int, Sequence[str]]) -> None:
    """Write down each basis with the ids of its rules; one that is known stands."""
    with c.cursor() as cursor:
        cursor.executemany(
            "insert into kw.basis (id, rules) values (%s, %s) on conflict do nothing",
            [(key, list(rules)) for key, rules in sets.items()],
        )


def known(c: C) -> dict[int, tuple[str, ...]]:
    """Return every basis in use with the ids of its rules."""
    return {key: tuple(rules) for key, rules in c.execute("select id, rules from kw.basis order by id")}
