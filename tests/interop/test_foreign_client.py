"""dlms-cosem, written by others, reads a day from our meter: HLS5, general-glo-ciphering, selective access by range."""

from itertools import pairwise
from pathlib import Path

from chain_support import DAY
from foreign_client_support import ask, sound_meter
from kwartier.model.period import ZONE, day_period, quarters_in
from kwartier.model.register import Channel


def test_a_foreign_client_reads_a_day_from_our_meter(tmp_path: Path) -> None:
    period = day_period(DAY)
    assert period.end is not None
    with sound_meter(tmp_path / "data") as meter:
        moments = (period.start.astimezone(ZONE).isoformat(), period.end.astimezone(ZONE).isoformat())
        rows = ask("dlms-cosem", "foreign_client.py", meter, *moments)
    assert len(rows) == quarters_in(DAY) + 1
    imported = [row[2] for row in rows]
    truth = meter.truth[Channel.IMPORT, DAY]
    assert imported[0] == truth["start"]
    assert [b - a for a, b in pairwise(imported)] == list(truth["deltas"])
