"""S19: energy loss = transported minus consumed. What may be published of one day."""

from dataclasses import dataclass
from datetime import date
from typing import final

import numpy as np

from kwartier.store.registry import loss
from kwartier.workflows.installation import Installation


@final
@dataclass(frozen=True, slots=True)
class Losses:
    """The day's balance over all transformers. Withheld ones count in `transformers` only; Wh over published ones."""

    transformers: int
    published: int
    loss_wh: int
    uncertainty_wh: int


def losses(house: Installation, day: date) -> Losses:
    """Return the sums of one day over the transformers whose figure may be published."""
    with house.operator() as c:
        found = loss.of_day(c, day)
    shown = [one for one in found if one.withheld is None]
    return Losses(
        transformers=len(found),
        published=len(shown),
        loss_wh=sum(int(np.frombuffer(one.loss_wh, np.int64).sum()) for one in shown if one.loss_wh),
        uncertainty_wh=sum(int(np.frombuffer(one.uncertainty_wh, np.int64).sum()) for one in shown if one.uncertainty_wh),
    )
