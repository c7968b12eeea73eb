"""PaperCut's machine: are its two programs ours, allowed, startable and asked; is the old connector gone.

What needs the installer on the server again says so with the command. Files are looked at only where PaperCut's folder
is on this machine.

Source: PaperCut CustomSynAndAuthentication README (how programs are started); HexaSpaceRND field report (keys, exit
code, old agent).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from papercut_scripts import program_home
from relay import json_text, plain_files, written_files
from relay.checks.model import Check, CheckedSite, Fix
from relay.config import Settings
from relay.errors import Refused
from relay.finding import Finding
from relay.installer import places, properties
from relay.language import lazy
from relay.papercut import keys
from relay.people.act import publish
from relay.remedy import Remedy

PROGRAMS = {keys.USER_SOURCE: "officernd-user-source", keys.AUTH_PROGRAM: "officernd-auth"}
SPAWN_LIMIT_S = 15
STRANGER = "papercut-relay-check@invalid"  # nobody: refused before OfficeRnD is asked

_AGAIN = lazy(
    "run the installer again on the PaperCut server (%(install_commands)s)",
    install_commands=places.INSTALL_COMMANDS[places.SYSTEM],
)


def install_dir(settings: Settings) -> Path | None:
    """Return PaperCut's folder on this machine, None where it is not here."""
    named = settings.papercut.install_dir
    found = [named] if named else [Path(folder) for folder in places.candidates(places.SYSTEM)]
    return next((folder for folder in found if places.is_papercut(str(folder))), None)


def server_files(site: CheckedSite) -> Iterator[Finding]:
    folder = install_dir(site.settings)
    if folder is None:
        named = site.settings.papercut.install_dir
        yield Finding(
            "server_not_here",
            "error" if named else "info",
            str(named or "PaperCut's folder"),
            lazy("[papercut] install_dir %(named)s is not the folder of a PaperCut server.", named=named)
            if named
            else lazy(
                "PaperCut's folder is not on this machine (or [papercut] install_dir does not name it), so "
                "security.properties, the two programs and the old connector are not looked at: run this there too."
            ),
        )
        return
    yield from _security(folder, _program_folders(site, folder))
    old = places.old_agent_program(str(folder))
    service = places.old_agent_service(places.SYSTEM)
    if service and service[0]:
        yield Finding(
            "old_agent_runs",
            "error",
            places.OLD_AGENT_SERVICE,
            lazy(
                "OfficeRnD's own connector (service %(old_agent_service)s) is still running: every night it "
                "deletes people it does not know, and it bills people as well; %(again)s, which stops it and keeps "
                "its settings.",
                old_agent_service=places.OLD_AGENT_SERVICE,
                again=_AGAIN,
            ),
        )
    elif old and service is None and places.SYSTEM == places.WINDOWS:
        yield Finding(
            "old_agent_files",
            "info",
            old,
            lazy(
                "The files of OfficeRnD's own connector are still there, without a service; its settings hold "
                "secrets in clear text: remove them once you are sure that you will not go back."
            ),
        )


def programs_home(site: CheckedSite) -> Iterator[Finding]:
    """Compare the folder that PaperCut's programs on this machine read with the one that the relay writes."""
    folder = install_dir(site.settings)
    for programs in sorted(_program_folders(site, folder)) if folder else ():
        read, home = read_by(programs), site.settings.scripts.home
        if read and Path(read).resolve() != home.resolve():
            yield Finding(
                "programs_read_elsewhere",
                "error",
                read,
                lazy(
                    "PaperCut's programs in %(programs)s read %(read)s, and the relay writes to %(home)s, so that "
                    "nobody can log in: set [scripts] home to %(read)s.",
                    programs=programs,
                    read=read,
                    home=home,
                ),
                remedies=(Remedy("sync", (), lazy("then")),),
            )


def read_by(programs: str) -> str:
    """Return the folder that the programs in a folder read their files from, "" where that cannot be told.

    Source: papercut_scripts/program_home.py, which they find it by.
    """
    pointer = Path(programs, program_home.POINTER)
    if not pointer.is_file():
        are_there = any(Path(programs, name).is_file() for name in ("auth_program.py", "user_source.py"))
        return str(places.Places(places.SYSTEM).home) if are_there else ""
    try:
        return str(Path(programs, written_files.read(pointer).strip()))
    except (OSError, ValueError):
        return ""  # they say so themselves when they are started


def _program_folders(site: CheckedSite, folder: Path) -> set[str]:
    """Return the folders that PaperCut must be allowed to start from: its keys' programs', else where we install."""
    values = [site.papercut.config(key) for key in PROGRAMS] if site.papercut else []
    named = {str(Path(value).parent) for value in values if Path(value).is_absolute() and _is_ours(value)}
    return named or {places.program_folder(str(folder))}


def _security(folder: Path, wanted: set[str]) -> Iterator[Finding]:
    path = Path(places.security_file(str(folder)))
    if not path.is_file():
        yield Finding(
            "security_file_missing",
            "warning",
            str(path),
            lazy(
                "There is no %(path)s: PaperCut before 22.1.1 does not need it; a newer one does not start our "
                "programs without it.",
                path=path,
            ),
        )
        return
    data = plain_files.content(path)
    windows = places.SYSTEM == places.WINDOWS
    for ours in sorted(wanted):
        if properties.has_entry(data, ours, windows):
            continue
        yield Finding(
            "folder_not_allowed",
            "error",
            ours,
            lazy(
                "%(path)s does not list %(ours)s in %(folder_list)s, so PaperCut refuses to start our programs "
                "(updates of PaperCut may reset it): %(again)s, then restart the Application Server.",
                path=path,
                ours=ours,
                folder_list=properties.FOLDER_LIST,
                again=_AGAIN,
            ),
        )
    if (properties.value(data, properties.SCRIPTS_ENABLED) or "Y").strip().upper() == "N":
        yield Finding(
            "scripts_off",
            "warning",
            str(path),
            lazy(
                "%(scripts_enabled)s is N, so the print script does not run: people who may not print are then "
                "stopped by their account and group alone.",
                scripts_enabled=properties.SCRIPTS_ENABLED,
            ),
        )
    if (properties.value(data, properties.SCRIPTS_UNSAFE) or "N").strip().upper() == "Y":
        yield Finding(
            "script_sandbox_open",
            "warning",
            str(path),
            lazy(
                "%(scripts_unsafe)s is Y: whoever may edit a printer controls this server. Our print script does "
                "not need it (only its optional live mode does): set it to N.",
                scripts_unsafe=properties.SCRIPTS_UNSAFE,
            ),
        )


def program_keys(site: CheckedSite) -> Iterator[Finding]:
    """Compare PaperCut's two keys with our programs, and start those that are on this machine as PaperCut would."""
    papercut = site.reached_papercut
    folder = install_dir(site.settings)
    for key, name in PROGRAMS.items():
        value = papercut.config(key)
        ours = places.program(str(folder), name) if folder else ""
        told = {"key": key, "value": value, "again": _AGAIN}
        if places.OLD_AGENT_PROGRAM in value.lower():
            yield Finding(
                "old_agent_in_keys",
                "error",
                key,
                lazy("PaperCut still asks OfficeRnD's own connector (%(key)s = %(value)s): %(again)s.", **told),
                _does(key, ours, value),
            )
        elif not value:
            yield Finding(
                "program_not_set",
                "error",
                key,
                lazy(
                    "PaperCut does not ask our program (%(key)s is empty): %(again)s; or set it at User/Group Sync.",
                    **told,
                ),
                _does(key, ours, value),
            )
        elif not _is_ours(value):
            yield Finding(
                "program_foreign",
                "error",
                key,
                lazy(
                    "PaperCut asks a program other than ours (%(key)s = %(value)s): %(again)s, if ours is to take "
                    "over.",
                    **told,
                ),
            )
        elif folder and not (started := program_file(value, folder)).is_file():
            where = (
                lazy("is not there")
                if Path(value).is_absolute()
                else lazy("is in no folder of %(folder_list)s", folder_list=properties.FOLDER_LIST)
            )
            yield Finding(
                "program_missing",
                "error",
                value,
                lazy(
                    "The program that PaperCut is told to start %(where)s (%(key)s = %(value)s): %(again)s.",
                    where=where,
                    **told,
                ),
            )
        elif folder and site.settings.scripts.home.is_dir():
            yield from _spawn(site, key, str(started))


def program_file(value: str, folder: Path) -> Path:
    """Return what PaperCut starts for a key's value: a full path, or a name that it looks for in the listed folders.

    Source: PaperCut manual, custom programs (the name, since 22.1.1); HexaSpaceRND field report (full paths, 22.0.9).
    """
    if Path(value).name != value:
        return Path(value)
    security = Path(places.security_file(str(folder)))
    data = plain_files.content(security) if security.is_file() else b""
    listed = [Path(entry) / value for entry in properties.entries(data)]
    return next((path for path in listed if path.is_file()), Path(places.program_folder(str(folder))) / value)


def _is_ours(value: str) -> bool:
    """Return whether a key names one of our programs: a launcher, or the script itself."""
    stem = value.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", "-").lower()
    return stem.removeprefix("officernd-") in ("user-source", "auth", "auth-program")


def _does(key: str, ours: str, old: str) -> str:
    if not ours or not Path(ours).is_file():
        return ""
    return lazy(
        "sets PaperCut's %(key)s to %(ours)s (now: %(old)s); everybody's login goes through it from then on",
        key=key,
        ours=ours,
        old=old or lazy("empty"),
    )


def set_programs(site: CheckedSite, findings: list[Finding]) -> None:
    folder = install_dir(site.settings)
    for finding in findings:
        _keep(site, finding.subject, places.program(str(folder), PROGRAMS[finding.subject]))


def _keep(site: CheckedSite, key: str, program: str) -> None:
    papercut = site.reached_papercut
    papercut.set_config(key, program)
    if papercut.config(key) != program:
        raise Refused(
            lazy(
                "PaperCut accepted %(key)s but did not keep it: set it to %(program)s by hand.",
                key=key,
                program=program,
            ),
            system="PaperCut",
        )


def _spawn(site: CheckedSite, key: str, program: str) -> Iterator[Finding]:
    synced = publish.is_published(site.settings.scripts.home)
    if key == keys.USER_SOURCE:
        if not synced:
            return  # it has nothing to answer from, and another finding says so
        code, output, errors = spawn(program, ["-", "is-valid"], "", site)
        if code != 0 or output.splitlines()[:1] != ["Y"]:
            yield Finding(
                "user_source_fails",
                "error",
                program,
                lazy(
                    "The user source does not answer in the way PaperCut needs (%(said)s): until it does, "
                    "PaperCut's sync brings nobody over.",
                    said=_said(code, output, errors),
                ),
            )
        return
    code, output, errors = spawn(program, [], f"{STRANGER}\nnot a password\n", site)
    if code != 0 or output != "ERROR\n":
        yield Finding(
            "auth_program_fails",
            "error",
            program,
            lazy(
                "The login program does not refuse a stranger in the way PaperCut needs (%(said)s): until it does, "
                "nobody can log in.",
                said=_said(code, output, errors),
            ),
        )
        return
    last = _last_line(site.settings.scripts.home / "logs" / "auth.log")
    if synced and last.get("verdict") == "unavailable":
        yield Finding(
            "login_unavailable",
            "error",
            program,
            lazy(
                "The login program starts, and has to turn everybody away (%(reason)s): %(detail)s",
                reason=last.get("reason", ""),
                detail=last.get("detail") or lazy("see logs/auth.log in the hand-over folder."),
            ),
        )


def spawn(program: str, arguments: Sequence[str], typed: str, site: CheckedSite) -> tuple[int, str, str]:
    """Start a program as PaperCut does (no shell, a service's environment, input kept open) and return what it did.

    Run as root it takes the account that owns the hand-over files, as the server has it. (-1, "", reason) where it
    cannot be started or does not end.
    """
    names = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "PROGRAMDATA", "COMSPEC")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment["PATH"] = os.defpath if os.name != "nt" else os.environ.get("PATH", os.defpath)
    account: dict[str, int] = {}
    home = site.settings.scripts.home
    if os.name != "nt" and os.geteuid() == 0 and home.is_dir() and home.stat().st_uid != 0:
        account = {"user": home.stat().st_uid, "group": home.stat().st_gid}
    try:
        process = subprocess.Popen(
            [*_startable(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=Path(program).parent,
            bufsize=0,  # nothing is left to be written at the end to a program that did not read
            **account,  # type: ignore[call-overload]
        )
    except OSError as error:
        return -1, "", lazy("it cannot be started: %(strerror)s", strerror=error.strerror or error)
    with process:
        with contextlib.suppress(OSError):  # it may leave without reading; its exit tells
            process.stdin.write(typed.encode())
        try:
            process.wait(SPAWN_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return -1, "", lazy("no answer within %(spawn_limit_s)s s", spawn_limit_s=SPAWN_LIMIT_S)
        output, errors = process.stdout.read(), process.stderr.read()
    return process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace").strip()


def _startable(program: str) -> list[str]:
    """Return the command of a program: a script that the system itself does not start goes to this interpreter."""
    is_script = Path(program).suffix.lower() == ".py" and (os.name == "nt" or not os.access(program, os.X_OK))
    return [sys.executable, "-E", "-s", program] if is_script else [program]


def _said(code: int, output: str, errors: str) -> str:
    if code == -1:
        return errors
    return lazy("exit code %(code)s, %(errors)s", code=code, errors=errors or output.strip()[:80] or lazy("no answer"))


def _last_line(path: Path) -> dict[str, str]:
    try:
        found = json_text.parsed(plain_files.text(path, errors="replace").splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def source_in_use(site: CheckedSite) -> Iterator[Finding]:
    """Tell by the user source's own log whether PaperCut's primary source is ours: no key is known that says it."""
    papercut = site.reached_papercut
    home = site.settings.scripts.home
    path = home / "logs" / "user_source.log"
    if not papercut.config(keys.USER_SOURCE) or not home.is_dir() or install_dir(site.settings) is None:
        return
    try:
        lines = plain_files.text(path, errors="replace").splitlines()
    except OSError:
        lines = []
    if not any('"query": "- ' in line and '"- is-valid"' not in line for line in lines):
        yield Finding(
            "source_not_asked",
            "warning",
            "Options > User/Group Sync",
            lazy(
                "PaperCut has not asked our user source for anybody yet: make sure that Primary sync source is "
                "Custom Program. If another source (Active Directory, say) is set there, those who log in through "
                "it lose their login with the change: %(total_users)s accounts are there now; give staff internal "
                "accounts first. If Custom Program is set and the server was restarted, it may take the programs "
                "in their other form only: enter %(other_forms)s there, or run the installer with --proof, which "
                "tries both.",
                total_users=papercut.total_users(),
                other_forms=_other_forms(site),
            ),
        )


def _other_forms(site: CheckedSite) -> str:
    """Return our programs by name where PaperCut has their paths, and by path where it has their names."""
    folder = install_dir(site.settings)
    values = [site.reached_papercut.config(key) for key in PROGRAMS]
    forms = [
        str(program_file(value, folder)) if folder and Path(value).name == value else Path(value).name
        for value in values
        if value
    ]
    return lazy("%(one)s and %(other)s", one=forms[0], other=forms[1]) if len(forms) == 2 else " ".join(forms)


CHECKS = (
    Check(
        program_keys,
        lazy("PaperCut asks both of our programs, and they start"),
        needs="papercut",
        fixes=(Fix("program_not_set", set_programs), Fix("old_agent_in_keys", set_programs, in_all=False)),
    ),
    Check(source_in_use, lazy("PaperCut takes its users from our program"), needs="papercut"),
    Check(server_files, lazy("PaperCut may start our programs, and OfficeRnD's own connector is off")),
    Check(programs_home, lazy("PaperCut's programs read the folder that the relay writes")),
)
