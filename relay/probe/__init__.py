"""What no document says about PaperCut and OfficeRnD, a site can answer: `papercut-relay probe`.

Given a site's settings it asks both systems the questions of one table and returns a field record, from which the
stand-ins answer as that site does. It reads; only with `write` it makes one PaperCut account of its own, and removes it
again. Nothing of a person, an address, a token or an amount enters the record.
"""

from relay.probe.asking import Probe, ask, plan_of
from relay.probe.record import FORMAT, FieldRecord, read_record

__all__ = ["FORMAT", "FieldRecord", "Probe", "ask", "plan_of", "read_record"]
