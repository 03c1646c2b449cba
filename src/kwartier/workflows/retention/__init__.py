"""What is held goes when nothing holds it any longer: at the end of a night, by the dated table and by what persons asked."""

from kwartier.workflows.retention.run import RetentionReport, nightly

__all__ = ["RetentionReport", "nightly"]
