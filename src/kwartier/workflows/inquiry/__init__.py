"""S2: the customer looks at what is held, who may see it and who looked."""

from kwartier.workflows.inquiry.desk import connections, download, usage
from kwartier.workflows.inquiry.log import access_log, proof
from kwartier.workflows.inquiry.views import AccessLine, Download, MyConnection, UsageDay, WhoMayRow
from kwartier.workflows.inquiry.who import conduct, who_may

__all__ = [
    "AccessLine",
    "Download",
    "MyConnection",
    "UsageDay",
    "WhoMayRow",
    "access_log",
    "conduct",
    "connections",
    "download",
    "proof",
    "usage",
    "who_may",
]
