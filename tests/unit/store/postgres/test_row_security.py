"""The portal sees one subject's rows and changes nothing that is not its own: row-level security, on a real server."""

import psycopg
import pytest

from kwartier.store.postgres import Dsns, Pools


def test_portal_without_a_subject_sees_nothing(dsns: Dsns) -> None:
    with psycopg.connect(dsns.portal) as portal:
        assert portal.execute("select count(*) from kw.permission").fetchone() == (0,)


@pytest.mark.parametrize("n", range(10))
def test_x(dsns: Dsns, n: int) -> None:
    with Pools(dsns) as p, p.operator() as o:
        assert o.execute("select count(*) from kw.permission").fetchone() == (0,)
