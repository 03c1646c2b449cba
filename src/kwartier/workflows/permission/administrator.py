"""Who the permission administrator is: this installation, or another body that tells us what customers decided there.

If it is another body, Kwartier is metered data administrator only (EU 2023/1162, articles 5 and 8): it reads and delivers by the
permissions it was told, a customer can still withdraw here, and nothing new is granted here.
"""

from kwartier.workflows.installation import Installation
from kwartier.workflows.permission.errors import GrantedElsewhere


def ours(house: Installation) -> None:
    """Raise GrantedElsewhere unless permissions are given here."""
    if house.settings.permission_administrator != "own":
        where = house.settings.permission_administrator_at
        msg = "permissions for this grid are given at another permission administrator" + (f": {where}" if where else "")
        raise GrantedElsewhere(msg)
