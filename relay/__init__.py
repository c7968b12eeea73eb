"""The relay between OfficeRnD and PaperCut: the story is told in `run.py`, the outside is `cli.py`."""

__version__ = "0.3.0"
