"""The stand-in OfficeRnD: the token endpoint and the v2 API, as strict as the real ones, for one made-up organisation.

    from relay.sandbox.officernd import OfficeRnDStandIn, OfficeRnDSwitches
    from relay.sandbox.organisation import make_organisation

    with OfficeRnDStandIn(make_organisation(50), switches=OfficeRnDSwitches(latency_s=0.12)) as officernd:
        officernd.fault("POST /fees", "lost_after")       # the fee is made, the answer is lost
        officernd.state.change_member(member_id, status="former")   # what staff do
        officernd.bill_run(date(2026, 1, 31))

What the reference does not know is a switch (`switches.py`); what can go wrong is a fault (`faults.py`); another
process drives it through `/sandbox/…` (`control.py`). It must never be taken for proof of what the real service does.
"""

from relay.sandbox.officernd.faults import RouteFault
from relay.sandbox.officernd.standin import OfficeRnDStandIn
from relay.sandbox.officernd.switches import RELAY_SCOPES, SIGNIN_SCOPES, Application, OfficeRnDSwitches

__all__ = ["RELAY_SCOPES", "SIGNIN_SCOPES", "Application", "RouteFault", "OfficeRnDStandIn", "OfficeRnDSwitches"]
