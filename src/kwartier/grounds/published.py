"""The digests of the editions that were published, by id. A line is added when an edition is published, and never changed.

That what is published stays as it is, is what makes a past decision decidable again: the log was told these digests, and a replay
takes no decision for good that was made by an edition with another.
"""

from collections.abc import Mapping
from typing import Final

DIGESTS: Final[Mapping[str, str]] = {
    "leaflet": "9452c5da45a1eaf19645cf331367bc94ec4c2f8da2d8e52efc3f94f45433a835",
    "2026": "43acfb95fc21b60607be9eb544299e7e18a35deb7a36e8f1b9d03e10f86832c5",
    "2027": "85ee47e1b7505df172f90a9a7dc5718f794277bf7b0e4f8e7f820ad5f29d71ff",
}
