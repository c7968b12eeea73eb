"""Publishes the hand-over files that PaperCut's side reads: the directory, the programs' settings, the print script.

Writes below `scripts.home` and nowhere else, never half a state: a generation is complete and on the disk before
`CURRENT` names it. It decides nothing about people; it asks no remote system.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from papercut_scripts import compat, handover, program_home, signin_offline
from relay.errors import RelayError
from relay.held_files import LET_GO, is_held, what_to_do
from relay.language import lazy
from relay.people.act import print_script
from relay.people.directory import Directory, DirectoryUser
from relay.remedy import Remedy

if TYPE_CHECKING:
    from relay.config import Settings

GENERATIONS_KEPT = 3
_GENERATION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}-[12]")  # a folder of ours; whatever else is there stays
_LEFT_OVER = r"\.[0-9a-f]{12}\.tmp"  # what `compat.write_private` leaves where it is killed
_VERIFIER = re.compile(rf"[0-9a-f]{{32}}({_LEFT_OVER})?")
_HALF_WRITTEN = re.compile(f".+{_LEFT_OVER}")
_WRITTEN_WITHIN_S = 3600  # none is written for so long
_CONTROL_TO_BLANK = dict.fromkeys((*range(32), 127), " ")


def publish(directory: Directory, settings: Settings, *, record_fields: int, now: datetime) -> str:
    """Write `directory` as a new generation and put it in force; return the generation's name.

    `record_fields` is 5 or 10, as PaperCut's key for card updates demands. Control characters in values become blanks,
    since PaperCut's record has no way to escape them; a username or group name that holds one is refused. Raises
    RelayError (`hand_over`) with the old generation still in force.
    """
    assert record_fields in (5, 10), record_fields
    root = Path(settings.scripts.home) / "directory"
    published = int(now.timestamp())
    generation = handover.new_generation(now.strftime("%Y%m%dT%H%M%SZ"), len(directory.users))
    stale_after = published + int(settings.scripts.max_age_hours * 3600)
    bodies = _bodies(directory, generation, record_fields)
    held = _held_files(directory)
    target = root / generation
    _refuse_links(root.parent)
    try:
        compat.make_private_folder(str(root))
        for folder in (target, target / "groups", target / "people"):
            compat.make_private_folder(str(folder))
        for name, body in bodies.items():
            state = handover.RENAMING if name in held else handover.READY
            data = handover.render(generation, name, body, published, stale_after, record_fields, state)
            _write_new(target / name, data)
        # All written before any is flushed: the first flush then carries most of the others.
        for path in (*(target / name for name in bodies), target / "groups", target / "people", target, root):
            _flush(path)
        compat.write_private(str(root / "CURRENT"), f"{generation}\n".encode(), durable=True)
    except BaseException as error:
        if _in_force(root) != generation:
            shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(root, error) from error
        raise
    _remove_old_generations(root)
    return str(generation)


def publish_programs(settings: Settings, *, now: datetime) -> None:
    """Write `settings.json` for the two programs and the print script with this site's settings in it."""
    folder = Path(settings.scripts.home)
    _refuse_links(folder)
    try:
        compat.make_private_folder(str(folder))
        for name in ("state", "logs"):
            compat.make_private_folder(str(folder / name))
        text = json.dumps(program_settings(settings, now=now), indent=2, sort_keys=True) + "\n"
        compat.write_private(str(folder / "settings.json"), text.encode(), durable=True)
        compat.write_private(str(folder / "print_hook.js"), print_script.render(settings).encode(), durable=True)
        for name in ("", "directory", "state", "pins", signin_offline.FOLDER):
            _remove(folder / name, _HALF_WRITTEN, now.timestamp() - _WRITTEN_WITHIN_S)
        _remove_old_passwords(folder / signin_offline.FOLDER, now.timestamp() - settings.signin.offline_hours * 3600)
    except OSError as error:
        raise _unwritable(folder, error) from error


def program_settings(settings: Settings, *, now: datetime) -> dict[str, object]:
    """Return what the programs need, as `settings.json` holds it: of the sign-in secret only the path.

    A proxy's address may carry a password; the file is the owner's alone.
    """
    return {
        "format": program_home.SETTINGS_FORMAT,
        "published": now.isoformat(),
        "site": settings.site.name,
        "organization": settings.officernd.organization,
        "api_url": str(settings.officernd.api_url),
        "token_url": str(settings.officernd.token_url),
        "ca_file": _absolute(settings.officernd.ca_file),
        "proxy": settings.officernd.proxy_url,
        "client_id": settings.signin.client_id,
        "client_secret_file": _absolute(settings.signin.client_secret_file),
        "method": settings.signin.method,
        "offline_hours": settings.signin.offline_hours,
        "max_age_hours": settings.scripts.max_age_hours,
        "log_folder": str(Path(settings.scripts.home).absolute() / "logs"),
    }


def is_published(home: Path) -> bool:
    """Return whether a sync has ever said who may print."""
    return (Path(home) / "directory" / "CURRENT").exists()


def current_directory(home: Path) -> Directory | None:
    """Return the directory in force as it was published, or None. Raises RelayError when it is damaged."""
    if not is_published(home):
        return None
    try:
        reader = handover.DirectoryInForce(str(home))
        groups = reader.read(lambda generation: "all-groups").body.decode().split("\n")[:-1]
        users = [
            _user(handover.person_facts(line))
            for name in handover.shards(reader.generation)
            for line in reader.read(lambda generation, name=name: name).body.decode().split("\n")
            if line.startswith("+")
        ]
        lines = {
            group: reader.read(lambda generation, group=group: handover.group_file(group))
            .body.decode()
            .split("\n")[:-1]
            for group in groups
        }
    except handover.Doubt as doubt:
        raise RelayError(str(doubt), code="hand_over") from doubt
    known = {user.username for user in users}
    names = ((group, line.split("\t")[0]) for group in groups for line in lines[group])
    echoed = [(group, name) for group, name in names if name not in known]
    return Directory(tuple(sorted(users, key=lambda user: user.username)), tuple(groups), tuple(echoed))


def _bodies(directory: Directory, generation: str, record_fields: int) -> dict[str, bytes]:
    """Return every file's body by its name."""
    facts = {user.username: _facts(user) for user in directory.users}
    records = {username: handover.record(values, record_fields) for username, values in facts.items()}
    bodies = {
        "all-users": "".join(records[user.username] for user in directory.users),
        "all-groups": "".join(f"{_exact(group)}\n" for group in directory.groups),
    }
    lines = {
        group: {user.username: records[user.username] for user in members}
        for group, members in directory.members_of().items()
    }
    for group, username in directory.echoed:
        lines[group].setdefault(_exact(username), f"{username}\n")
    for group, members in lines.items():
        bodies[handover.group_file(group)] = "".join(members[username] for username in sorted(members))
    shards = {name: ["\n"] for name in handover.shards(generation)}
    for login, username in _logins(directory).items():
        shards[handover.shard(generation, login)].append(handover.login_line(login, username))
    for username, values in facts.items():
        shards[handover.shard(generation, username)].append(handover.person_line(values))
    bodies.update({name: "".join(lines) for name, lines in shards.items()})
    return {name: body.encode() for name, body in bodies.items()}


def _logins(directory: Directory) -> dict[str, str]:
    """Return what may be typed and whom it means. A username means its owner; a name that two share means nobody."""
    logins = {user.username: user.username for user in directory.users}
    claims: defaultdict[str, set[str]] = defaultdict(set)
    for user in directory.users:
        for login in user.logins:
            claims[_line(login).strip().lower()].add(user.username)
    for login, usernames in claims.items():
        if login and login not in logins and len(usernames) == 1:
            logins[login] = next(iter(usernames))
    return logins


def _held_files(directory: Directory) -> set[str]:
    """Return the files that must not be answered from while somebody in them is being renamed."""
    renaming = [user for user in directory.users if user.standing == "renaming"]
    groups = {group for user in renaming for group in user.groups}
    return {"all-users", *map(handover.group_file, groups)} if renaming else set()


def _facts(user: DirectoryUser) -> dict[str, str]:
    facts = {name: _line(getattr(user, name)) for name in handover.FACTS if name not in ("groups", "logins")}
    facts["username"] = _exact(user.username)
    facts["groups"] = handover.SEPARATOR.join(_exact(group) for group in user.groups)
    facts["logins"] = handover.SEPARATOR.join(_line(login) for login in user.logins)
    return facts


def _user(facts: Mapping[str, object]) -> DirectoryUser:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return DirectoryUser(**values)  # type: ignore[arg-type]


def _line(value: str) -> str:
    return value.translate(_CONTROL_TO_BLANK)


def _exact(name: str) -> str:
    if not name or _line(name) != name:
        raise RelayError(
            lazy(
                "The name %(name)s is empty or holds a control character, so nothing was published: "
                "correct it in PaperCut or OfficeRnD and sync again.",
                name=repr(name),
            ),
            code="hand_over",
        )
    return name


def _write_new(path: Path, data: bytes) -> None:
    compat.create_private(str(path))
    with path.open("r+b") as target:
        target.write(data)


def _flush(path: Path) -> None:
    """Make a file or folder durable; Windows cannot open a folder for that."""
    if path.is_dir():
        compat.sync_folder(str(path))
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_old_generations(root: Path) -> None:
    """Remove all but the last three; one that a reader still holds under Windows goes next time."""
    ours = (path for path in root.iterdir() if _GENERATION.fullmatch(path.name) and path.is_dir())
    generations = sorted(ours, key=lambda path: path.stat().st_mtime_ns)
    current = _in_force(root)
    for path in [path for path in generations if path.name != current][: -(GENERATIONS_KEPT - 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _in_force(root: Path) -> str:
    try:
        return str(compat.read_file(str(root / "CURRENT")).decode("utf-8", "replace").strip())
    except OSError:
        return ""


def _remove_old_passwords(folder: Path, older_than: float) -> None:
    """Remove the kept hashes that no login may use any more: all of them, where offline login is off."""
    _remove(folder, _VERIFIER, older_than)
    with suppress(OSError):  # goes when it is empty
        folder.rmdir()


def _remove(folder: Path, named: re.Pattern[str], older_than: float) -> None:
    """Remove the files of a folder that are named so and were written then or before."""
    for path in filter(lambda path: named.fullmatch(path.name), folder.glob("*")):
        with suppress(OSError):  # a program was quicker, or Windows has it open: it goes next time
            if path.lstat().st_mtime <= older_than:
                path.unlink()


def _absolute(path: Path | None) -> str:
    return str(path.absolute()) if path else ""


def _refuse_links(home: Path) -> None:
    """Raise RelayError where a folder of the hand-over files is a link: what it leads to is not ours to clear up."""
    for name in ("directory", "state", "logs", "pins", signin_offline.FOLDER):
        if (home / name).is_symlink():
            raise RelayError(
                f"{home / name} is a link to another folder, so nothing was published: remove it, and sync again.",
                code="hand_over",
            )


def refuse_open(home: Path) -> None:
    """Raise RelayError where others may write into `scripts.home`: they would decide who may log in, and as whom."""
    if compat.is_anothers(str(home)):
        raise RelayError(
            lazy(
                "%(home)s belongs to another account, so nothing was done: run this as that account, which is that of "
                "PaperCut's server, or give it the folder.",
                home=home,
            ),
            code="home_open",
        )
    why = compat.why_open(str(home))
    if why:
        raise RelayError(
            lazy(
                "%(home)s is not safe, so nothing was done: %(why)s. Take that right away (chmod go-w).",
                home=home,
                why=why,
            ),
            code="home_open",
            remedies=(Remedy("fix", ("home_open",), lazy("to have it taken away")),),
        )


def _unwritable(folder: Path, error: OSError) -> RelayError:
    path = error.filename2 or error.filename or folder
    if is_held(error) and os.path.exists(path):
        message = lazy(
            "%(path)s cannot be replaced: %(let_go)s; or this account may not write there.", path=path, let_go=LET_GO
        )
    else:
        what = what_to_do(error, lazy("give the account that runs the relay its own folder there and sync again"))
        message = lazy(
            "The hand-over files in %(folder)s cannot be written (%(strerror)s): %(what)s.",
            folder=folder,
            strerror=error.strerror or error,
            what=what,
        )
    return RelayError(message, code="hand_over")
