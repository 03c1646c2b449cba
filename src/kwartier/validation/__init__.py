"""Turns answers of meters into channel-days and verdicts; nothing suspicious is dropped. Dry."""
