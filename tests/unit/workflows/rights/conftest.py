"""The household of the tests of rights."""

import pytest

from kwartier.workflows.installation import Installation
from registry_support import World
from rights_support import Household, changed_hands


@pytest.fixture
def household(opened: Installation, facts: World) -> Household:
    return changed_hands(opened, facts)
