from kwartier.model.verdict import Severity
from kwartier.validation import rules


def test_ids_are_numbered_without_gaps_and_sentences_are_sentences() -> None:
    assert [rule.id for rule in rules.RULES] == [f"V{n:02}" for n in range(1, len(rules.RULES) + 1)]
    assert all(rule.sentence[0].isupper() and rule.sentence.endswith(".") for rule in rules.RULES)


def test_what_cannot_be_trusted_at_all_is_quarantined() -> None:
    assert {rule.id for rule in rules.RULES if rule.severity is Severity.QUARANTINE} == {"V02", "V03", "V06", "V07"}


def test_a_verdict_says_its_rule() -> None:
    assert str(rules.COUNT.found("95 of 97 rows")) == "V01 (mark): 95 of 97 rows"
