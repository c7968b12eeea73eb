"""Migrations of the ledger's schema, run by `relay.database`; a released one is never edited."""
