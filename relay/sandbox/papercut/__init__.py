"""A PaperCut MF server to try everything on: as strict as the real one, and shipped with the product.

`PaperCutStandIn` is the whole; `State` what it holds; `Switches` the doubts about the real one. Nothing outside the
sandbox may depend on this package.
"""

from relay.sandbox.papercut.backups import Backup
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.popup import Login
from relay.sandbox.papercut.printing import JobFacts, PrintRefused, ScriptVerdict
from relay.sandbox.papercut.server import PaperCutStandIn
from relay.sandbox.papercut.state import AdminSettings, Job, State, Transaction, User
from relay.sandbox.papercut.switches import Switches

__all__ = [
    "AdminSettings",
    "ApiFault",
    "Backup",
    "Job",
    "JobFacts",
    "Login",
    "PaperCutStandIn",
    "PrintRefused",
    "ScriptVerdict",
    "State",
    "Switches",
    "Transaction",
    "User",
]
