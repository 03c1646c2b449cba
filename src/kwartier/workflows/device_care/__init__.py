"""S15, S16 and the meter's part of S3: care for devices now and then, new software, and the administrative status."""

from kwartier.workflows.device_care.firmware import Ending, Update, add, load, read_image, read_key, trust
from kwartier.workflows.device_care.look import Needing, look, needing, wanted
from kwartier.workflows.device_care.switch import Switched, switch

__all__ = [
    "Ending",
    "Needing",
    "Switched",
    "Update",
    "add",
    "load",
    "look",
    "needing",
    "read_image",
    "read_key",
    "switch",
    "trust",
    "wanted",
]
