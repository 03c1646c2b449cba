"""The registry as the operator and the portal see it."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from kwartier.store.postgres import Dsns
from registry_support import World

C = psycopg.Connection[Any]


@pytest.fixture
def operator(dsns: Dsns) -> Iterator[C]:
    with psycopg.connect(dsns.operator) as c:
        yield c


@pytest.fixture
def world(operator: C) -> World:
    return World(operator)


@pytest.fixture
def portal(dsns: Dsns, operator: C) -> Iterator[Callable[[int], C]]:
    """Become one person: what the operator wrote is committed first."""
    with psycopg.connect(dsns.portal) as c:

        def become(subject: int) -> C:
            operator.commit()
            c.rollback()
            c.execute("select set_config('kwartier.subject', %s, true)", (str(subject),))
            return c

        yield become
        c.rollback()
