"""What the validation room raises. Findings about readings are verdicts; these are errors of whoever called.

ValidationError
+-- NoSuchProfile    the model does not have the profile of the task: whoever planned it
+-- BadEvidence      bytes that `pack` did not make: whoever kept them
"""

from kwartier.model.errors import KwartierError


class ValidationError(KwartierError):
    """The root of the family."""

    code = "validation"


class NoSuchProfile(ValidationError):
    """The meter model does not have the profile that the task names."""

    code = "validation-no-such-profile"


class BadEvidence(ValidationError):
    """Not the packed rows of a quarantined answer."""

    code = "validation-bad-evidence"
