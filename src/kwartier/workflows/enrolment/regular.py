"""A supply that is told late: its regular registers that nights asked for meanwhile, in another's name or nobody's, wait for it.

The register of its begin does so by itself, as any boundary that is told late.
"""

from datetime import datetime
from itertools import islice
from typing import Final

from kwartier.planning import due
from kwartier.store.registry import late
from kwartier.store.registry.imports import take
from kwartier.store.registry.late import Regular
from kwartier.store.registry.rows import C

AT_ONCE: Final = 10_000


def wait(c: C, *, at: datetime) -> None:
    """Write down what the supplies of this import missed, as far as meters keep it. In the transaction of the import."""
    found = (
        Regular(one.connection, moment, one.supply, purpose)
        for one in take.supplied(c)
        for moment, purpose in due.missed(one.period, at)
    )
    while chunk := list(islice(found, AT_ONCE)):
        late.tell_regular(c, chunk, at)
