"""The one table of what no document says: each question, how it is asked, and which switch of a stand-in it sets.

Every switch of the two stand-ins that stands for a doubt is here, those too that cannot be asked from outside. The
order is the order of asking.
"""

from relay.probe import of_officernd, of_papercut
from relay.probe.model import ProbeQuestion

QUESTIONS: tuple[ProbeQuestion, ...] = (*of_papercut.QUESTIONS, *of_officernd.QUESTIONS)
