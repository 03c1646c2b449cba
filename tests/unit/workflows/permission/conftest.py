"""A home that can be asked."""

import pytest

from kwartier.workflows.installation import Installation
from permission_support import Home
from registry_support import World


@pytest.fixture
def home(opened: Installation, facts: World) -> Home:
    return Home.begin(opened, facts)
