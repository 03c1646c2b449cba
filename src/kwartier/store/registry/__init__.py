"""The registry: a module per subject, hand-written SQL, frozen rows. The caller owns the transaction."""
