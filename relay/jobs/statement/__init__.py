"""A month as a statement: made from the ledger's database, and shown as text, CSV, JSON and HTML."""
