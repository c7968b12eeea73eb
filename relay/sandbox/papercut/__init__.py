"""A PaperCut MF server to try everything on: as strict as the real one, and shipped with the product.

`PaperCutStandIn` is the whole; `PaperCutState` what it holds; `PaperCutSwitches` the doubts about the real one.
Nothing outside the sandbox may depend on this package.
"""

from relay.sandbox.papercut.backups import Backup
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.popup import Login
from relay.sandbox.papercut.printing import JobFacts, PrintRefused, ScriptVerdict
from relay.sandbox.papercut.server import PaperCutStandIn
from relay.sandbox.papercut.state import AdminSettings, JobRecord, PaperCutState, Transaction, User
from relay.sandbox.papercut.switches import PaperCutSwitches

__all__ = [
    "AdminSettings",
    "ApiFault",
    "Backup",
    "JobRecord",
    "JobFacts",
    "Login",
    "PaperCutStandIn",
    "PrintRefused",
    "ScriptVerdict",
    "PaperCutState",
    "PaperCutSwitches",
    "Transaction",
    "User",
]
