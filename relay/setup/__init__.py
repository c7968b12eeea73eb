"""The set-up: from nothing to a `relay.toml` that works. One subject a step, each answer tried before it is kept.

The steps are plain values and functions, used alike by the terminal, the web pages and a file of answers. Nothing is
written before the summary, except a token that somebody asks to be made in PaperCut.
"""
