"""Both stand-ins together, with a ready settings folder: what `sandbox`, `demo` and whole-story tests stand on.

    with Pair(folder, members=50) as pair:
        settings = config.load(pair.config_file)

Started again in the same folder, an edited `relay.toml` stays and the state of before is set aside.

The folder holds `relay.toml`, `secrets/`, the relay's state, the hand-over files, the two programs as PaperCut starts
them, and PaperCut's own files. Nothing outside it is touched, and nothing leaves this machine.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from pathlib import Path

from relay.clock import Clock
from relay.commands import PROGRAM
from relay.private_files import write_private
from relay.sandbox.folder import renewed, set_aside
from relay.sandbox.officernd import OfficeRnDStandIn, OfficeRnDSwitches
from relay.sandbox.organisation import LoginSample, Organisation, make_organisation
from relay.sandbox.papercut import PaperCutStandIn, PaperCutSwitches
from relay.sandbox.papercut.install import install_programs
from relay.shell import quoted

FILLINGS = ("empty", "old-connector")
PRINT_SERVER = "print01"

_SETTINGS = """\
# Settings for the two stand-ins. docs/SETTINGS.md explains every key; what is left out has its default.

[site]
name = "hq"
timezone = "{timezone}"
currency = "{currency}"
state_dir = "state"

[papercut]
url = "{papercut_url}"
auth_token_file = "secrets/papercut_token"
install_dir = "papercut"

[officernd]
organization = "{organization}"
api_url = "{api_url}"
token_url = "{token_url}"
client_id = "{client_id}"
client_secret_file = "secrets/officernd_secret"
location = "{location}"

[signin]
client_id = "{signin_id}"
client_secret_file = "secrets/officernd_signin_secret"

[scripts]
home = "home"
"""

_HINTS = """\
A stand-in PaperCut at {papercut_url} and a stand-in OfficeRnD at {officernd_url}, for {members} members.
They live as long as `papercut-relay sandbox` runs, and remember nothing after it.

  {program} --config {config} plan
  {program} --config {config} sync
  {program} --config {config} settle

Members who can log in (after the first sync):

{logins}

A login at the popup:

  curl -s -H {json} {papercut_url}/sandbox/popup -d {login}

A print job of that member, three pages, one in colour:

  curl -s -H {json} {papercut_url}/sandbox/print -d {job}

What the stand-ins hold: GET {papercut_url}/sandbox/state, /sandbox/users?username=..., {officernd_url}/sandbox/state
"""


def typed_program() -> str:
    """Return how the command is typed here: by its path where it was started so and stands on no PATH."""
    started = Path(sys.argv[0])
    return PROGRAM if shutil.which(PROGRAM) or PROGRAM not in started.name else quoted(str(started.absolute()))


class Pair:
    """A stand-in PaperCut and a stand-in OfficeRnD over one made-up organisation."""

    def __init__(
        self,
        folder: Path,
        *,
        members: int,
        seed: int = 1,
        filling: str = "empty",
        papercut_port: int = 0,
        officernd_port: int = 0,
        clock: Clock | None = None,
        organisation: Organisation | None = None,
        papercut_switches: PaperCutSwitches | None = None,
        officernd_switches: OfficeRnDSwitches | None = None,
    ) -> None:
        assert filling in FILLINGS, filling
        self.folder = folder.absolute()
        self.config_file = self.folder / "relay.toml"
        self.home = self.folder / "home"
        self.organisation = organisation or make_organisation(members, seed)
        self.kept = set_aside(self.folder)  # what is to be told of a folder that held another world before
        self._token = secrets.token_urlsafe(24)
        self.officernd = OfficeRnDStandIn(
            self.organisation, port=officernd_port, switches=officernd_switches, clock=clock
        )
        self.papercut = PaperCutStandIn(
            data_dir=self.folder / "papercut",
            port=papercut_port,
            switches=papercut_switches,
            clock=clock,
            timezone=self.organisation.locations[0].timezone,
            token=self._token,
        )
        self._fill(filling)

    def __enter__(self) -> Pair:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Pair:
        """Start both servers, put the programs in place and write the settings folder."""
        (self.folder / "secrets").mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "papercut").mkdir(exist_ok=True)
        self.officernd.start()
        try:
            self.papercut.start()
        except BaseException:
            self.officernd.stop()
            raise
        user_source, auth = install_programs(self.folder / "programs", self.home)
        self.papercut.use_programs(user_source, auth)
        self._write_settings()
        return self

    def stop(self) -> None:
        self.papercut.stop()
        self.officernd.stop()

    def logins(self, count: int = 5) -> tuple[LoginSample, ...]:
        return self.organisation.login_samples(count)

    def _fill(self, filling: str) -> None:
        state = self.papercut.state
        state.template_printer.unauthenticated = True
        state.template_printer.page_cost = 0.05
        state.add_printer(PRINT_SERVER, "Black and White", page_cost=0.05, duplex_discount_percent=10)
        state.add_printer(PRINT_SERVER, "Colour", page_cost=0.05, colour_page_cost=0.25, duplex_discount_percent=10)
        state.add_user("reception", internal=True, full_name="Reception Desk")
        if filling == "old-connector":
            from relay.sandbox.papercut.filling import fill_from_old_connector

            fill_from_old_connector(state, self.organisation)

    def _write_settings(self) -> None:
        organisation = self.organisation
        for name, value in (
            ("papercut_token", self._token),
            ("officernd_secret", self.officernd.relay_application.client_secret),
            ("officernd_signin_secret", self.officernd.signin_application.client_secret),
        ):
            write_private(self.folder / "secrets" / name, value + "\n")
        settings = _SETTINGS.format(
            timezone=organisation.locations[0].timezone,
            currency=organisation.currency,
            papercut_url=self.papercut.url,
            organization=organisation.slug,
            api_url=self.officernd.api_url,
            token_url=self.officernd.token_url,
            client_id=self.officernd.relay_application.client_id,
            signin_id=self.officernd.signin_application.client_id,
            location=organisation.locations[0].id,
        )
        if self.config_file.exists():
            known = {location.id: location for location in organisation.locations}
            settings = renewed(self.config_file, settings, known)
        self._write_hints()
        # Last and in one piece: whoever waits for the settings finds everything else in place.
        write_private(self.config_file, settings)

    def _write_hints(self) -> None:
        samples = self.logins()
        who = samples[0]
        job = {"login": [who.email, who.password], "printer": "Colour", "pages": 3, "colour_pages": 1}
        hints = _HINTS.format(
            papercut_url=self.papercut.url,
            officernd_url=self.officernd.url,
            members=len(self.organisation.members),
            program=typed_program(),
            config=quoted(str(self.config_file)),
            logins="\n".join(f"  {sample.email}  {sample.password}" for sample in samples),
            json=quoted("Content-Type: application/json"),
            login=quoted(json.dumps({"username": who.email, "password": who.password})),
            job=quoted(json.dumps(job)),
        )
        # The passwords are made up, but the file is private all the same: habits are what people copy.
        write_private(self.folder / "README.txt", hints)
