"""How the home's program speaks to a broker over TLS."""

import ssl

from kwartier.home import broker


def test_a_brokers_certificate_is_held_against_chain_and_name_and_not_against_a_form_that_households_do_not_write() -> None:
    context = broker.tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
