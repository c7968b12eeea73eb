"""The page a community manager works with, and the process that keeps the schedule: `papercut-relay serve`.

It reads the ledger, the hand-over files and relay.toml, and does everything through the same functions and the same
lock as the command line. It decides nothing about people or money, and holds nothing that a kill could lose.
"""
