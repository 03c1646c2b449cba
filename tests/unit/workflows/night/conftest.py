"""A small world in a fresh registry, as the operator sees it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kwartier.store.postgres import Dsns, connect
from registry_support import World


@pytest.fixture
def operator(dsns: Dsns) -> Iterator[psycopg.Connection[Any]]:
    with connect(dsns.operator) as c:
        yield c


@pytest.fixture
def world(operator: psycopg.Connection[Any]) -> World:
    return World(operator)
