"""The errors of device care: firmware that is not what it says, or not for this meter.

DeviceError
+-- NotFirmware    bytes that are no image file
+-- NotGenuine     an image that no trusted manufacturer signed as it is
"""

from kwartier.model.errors import BadInput


class DeviceError(BadInput):
    """Anything that device care foresaw."""

    code = "device"


class NotFirmware(DeviceError):
    """Bytes that are no firmware image file."""

    code = "firmware-not-an-image"


class NotGenuine(DeviceError):
    """No trusted manufacturer signed this image as it is: it was changed, or comes from somebody else."""

    code = "firmware-not-genuine"
