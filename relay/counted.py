"""A count with its noun, for sentences: the one owner of English plurals."""

from __future__ import annotations

from relay.language import Message, nlazy

_IRREGULAR = {"person": "people", "company": "companies"}


def counted(number: int, one: str, many: str = "") -> Message:
    """Return "1 job", "12 jobs", "5,000 people"; `many` where the plural is of its own kind."""
    return nlazy(*forms(one, many), number)


def forms(one: str, many: str = "") -> tuple[str, str]:
    """Return a noun's two forms with the place of its count, as the catalogues have them.

    >>> forms("company")
    ('%(num)s company', '%(num)s companies')
    """
    return f"%(num)s {one}", f"%(num)s {many or _IRREGULAR.get(one, one + 's')}"


def noun(number: int, one: str, many: str = "") -> str:
    """Return the noun alone, in English, for what is written in no other language, such as the name of a fee."""
    return one if number == 1 else many or _IRREGULAR.get(one, one + "s")
