"""The digests of the editions that were published, by id. A line is added when an edition is published, and never changed.

That what is published stays as it is, is what makes a past decision decidable again: the log was told these digests, and a replay
takes no decision for good that was made by an edition with another.
"""

from collections.abc import Mapping
from typing import Final

DIGESTS: Final[Mapping[str, str]] = {
    "leaflet": "410ed2e298afe80470d501b02242d6902170493624077a03ae97835a96b7d904",
    "2026": "7e007c012163ac64711240eef72dceb47d9f31b0334d35be5c48aa824a2d0b09",
    "2027": "b29cb4fb221f0e01ffc406cc24cfd02d692b3b9ab9a1a8be996847957410a46a",
}
