"""The installation package for the PaperCut machine: one ZIP with everything, made from this site's settings.

Never a secret in clear: placeholders, or with a pass phrase one sealed file. Works from a checkout and from an
installed relay alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from relay import __version__, own_wheel, plain_files, sealed, written_files
from relay.commands import named
from relay.config import Settings
from relay.errors import ConfigError, RelayError, UsageError
from relay.held_files import scratch_folder, what_to_do
from relay.installer import places
from relay.private_files import read_private, write_private

FORMAT = 1
NO_BREAK = "\xa0"

SECRETS = (
    ("papercut", "auth_token", "papercut_token", "PaperCut's web-services token"),
    ("officernd", "client_secret", "officernd_secret", "the client secret of the relay's application in OfficeRnD"),
    ("signin", "client_secret", "officernd_signin_secret", "the client secret of the sign-in application in OfficeRnD"),
    ("officernd", "proxy", "officernd_proxy", "the address of the proxy, with its password"),
    ("ledger", "url", "ledger_url", "the address of the ledger's database, with its password"),
    ("jobs", "database_url", "jobs_database_url", "the address of PaperCut's database, with its password"),
    ("console", "password_hash", "console_password_hash", "A password for the console's user operator"),
    ("notify", "urls", "notify_urls", "the addresses that messages go to"),
    ("notify", "ping_url", "notify_ping_url", "the address that hears of each run"),
)


def make_bundle(
    settings: Settings | None,
    out: Path,
    *,
    platform: str | None = None,
    with_secrets: bool = False,
    pass_phrase: str | None = None,
    site_server: bool = False,
    run: Callable[[Sequence[str]], tuple[int, str]] | None = None,
) -> list[str]:
    """Write the package to `out` and return what was put in, a line each, for a person.

    Without settings its installer opens the set-up, which asks for them on the PaperCut machine.
    `platform` is pip's tag of the target such as win_amd64, with another Python version as win_amd64-3.12: then the
    dependencies' wheels are in it and nothing is fetched there. Raises RelayError with nothing written.
    """
    files: dict[str, bytes] = {}
    lines: list[str] = []
    if settings is None and with_secrets:
        raise ConfigError(["There are no settings here, and so no secrets to put in; nothing was written."])
    _add_installer(files, lines, settings, site_server)
    if settings is None:
        lines.append("no settings: the installer opens the set-up, which asks for them there")
    elif not site_server:
        document, secrets = _settings(settings, files, platform, lines)
        files["relay.toml"] = document
        lines.append("relay.toml: these settings, with marks for what only the other machine knows, and no secret")
        _add_secrets(files, lines, secrets, with_secrets, pass_phrase)
    if not site_server:
        files[f"wheels/{own_wheel.wheel_name()}"] = own_wheel.make_wheel()
        files[own_wheel.LOCK] = own_wheel.shared(own_wheel.LOCK)
        lines.append(f"wheels/: the relay {__version__}")
        if platform:
            wheels = _fetch(platform, run or _run)
            files.update({f"wheels/{name}": data for name, data in wheels.items()})
            lines[-1] += f" and {len(wheels)} wheels that it needs on {platform}, for an installation without internet"
        else:
            lines[-1] += "; what it needs is fetched by pip there (name a platform to put it in)"
    files["CHECKLIST.txt"] = _checklist(settings, site_server, secrets="secrets.sealed" in files)
    lines.append("CHECKLIST.txt: to print, and to tick off beside the server")
    _write(out, files)
    return [f"{out} ({out.stat().st_size // 1024} KB):", *(f"  {line}" for line in lines)]


def _add_installer(files: dict[str, bytes], lines: list[str], settings: Settings | None, site_server: bool) -> None:
    import relay.installer

    for path in sorted(Path(relay.installer.__file__).parent.glob("*.py")):
        files[f"installer/{path.name}"] = path.read_bytes()
    for name in ("installer.bat", "install.sh", *(name for name in own_wheel.shared_names() if name.endswith(".md"))):
        files[name] = own_wheel.shared(name)
    for name in (name for name in own_wheel.shared_names() if name.startswith("services/")):
        files[name] = own_wheel.shared(name)
    scripts = own_wheel.package_folder("papercut_scripts")
    for path in sorted([*scripts.glob("*.py"), *scripts.glob("*.js")]):
        files[f"papercut_scripts/{path.name}"] = path.read_bytes()
    stub = _launcher_stub()
    if stub is None:
        lines.append("WITHOUT launcher-64.exe (pip is not here): this package cannot be installed on Windows")
    else:
        files["launcher-64.exe"] = stub
    about = {
        "format": FORMAT,
        "version": __version__,
        "site": settings.site.name if settings else "",
        "site_server": site_server,
        "settings": settings is not None and not site_server,
        "papercut_url": settings.papercut.url if settings else "",
        "scripts_home": "",
        "state_dir": "",
        "secrets": [],
    }
    files["package.json"] = _json(about)
    lines.append("installer.bat, install.sh, installer/, services/: run as Administrator (Windows) or root")
    lines.append("papercut_scripts/: PaperCut's two programs and the print script")


def _settings(
    settings: Settings, files: dict[str, bytes], platform: str | None, lines: list[str]
) -> tuple[bytes, dict[str, str]]:
    """Return relay.toml for the other machine and the secrets by their file there: {"secrets/papercut_token": "..."}.

    Comments and order stay. Folders that the file names are kept where they can mean something on the other machine.
    """
    document: Any = tomlkit.parse(written_files.read(settings.path))
    about = json.loads(files["package.json"])
    secrets: dict[str, str] = {}
    for section, key, name, what in SECRETS:
        value = _secret(settings, section, key)
        if value is None:
            continue
        table = document.setdefault(section, tomlkit.table())
        given = [k for k in (key, f"{key}_file", f"{key}_env") if k in table]
        if key in table and not isinstance(value, str):
            continue
        for one in given:
            del table[one]
        table[f"{key}_file"] = f"secrets/{name}"
        secrets[f"secrets/{name}"] = value
        kind = "password" if section == "console" else "secret"
        about["secrets"].append({"file": f"secrets/{name}", "what": what[0].upper() + what[1:], "kind": kind})
    foreign = bool(platform and platform.startswith("win"))
    for section, key, mark, fact in (
        ("site", "state_dir", "@STATE_DIR@", "state_dir"),
        ("scripts", "home", "@SCRIPTS_HOME@", "scripts_home"),
    ):
        table = document.setdefault(section, tomlkit.table())
        named = str(table.get(key, ""))
        if not named or not (named[1:3] in (":/", ":\\") if foreign else named.startswith("/")):
            if named:
                lines.append(f"[{section}] {key} {named} means nothing there: the installer takes its own folder")
            table[key] = mark
        else:
            about[fact] = named
    document.setdefault("papercut", tomlkit.table())["install_dir"] = "@INSTALL_DIR@"
    for section, name in (("papercut", "papercut.pem"), ("officernd", "officernd.pem")):
        ca_file = getattr(settings, section).ca_file
        if ca_file is not None:
            files[f"certificates/{name}"] = plain_files.content(ca_file)
            document[section]["ca_file"] = f"certificates/{name}"
    files["package.json"] = _json(about)
    return tomlkit.dumps(document).encode(), secrets


def _secret(settings: Settings, section: str, key: str) -> str | None:
    """Return a secret's value, None where the settings have none."""
    if (section, key) == ("signin", "client_secret"):
        return read_private(settings.signin.client_secret_file).strip()
    value = getattr(getattr(settings, section), key)
    if value is None:
        return None
    text = str(value.get_secret_value())
    if key in ("url", "proxy") and "@" not in text:
        return None  # an address without a password is no secret and stays as it is
    return text


def _add_secrets(
    files: dict[str, bytes], lines: list[str], secrets: Mapping[str, str], with_secrets: bool, phrase: str | None
) -> None:
    if not with_secrets:
        lines.append(f"{len(secrets)} secrets are NOT in it: the installer asks for them")
        return
    if not phrase:
        raise ConfigError(["Secrets leave this machine only under a pass phrase; nothing was written."])
    files["secrets.sealed"] = sealed.seal(secrets, phrase)
    lines.append(
        f"secrets.sealed: {len(secrets)} secrets under the pass phrase; tell it by another way than the package"
    )


# -- what comes through pip -------------------------------------------------------------------------------------------


def _fetch(platform: str, run: Callable[[Sequence[str]], tuple[int, str]]) -> dict[str, bytes]:
    """Return the wheels of everything the relay needs on another system: {"click-8.4.2-py3-none-any.whl": b"..."}."""
    tag, _, version = platform.partition("-")
    version = version or f"{sys.version_info.major}.{sys.version_info.minor}"
    with scratch_folder("wheels") as folder:
        lock = Path(folder) / own_wheel.LOCK
        lock.write_text(own_wheel.locked(windows=tag.startswith("win")), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--only-binary", ":all:", "--python-version", version, "--implementation", "cp"]
        for one in _tags(tag):
            command += ["--platform", one]
        code, said = run([*command, "--dest", folder, "--no-deps", "--require-hashes", "--requirement", str(lock)])
        if code != 0:
            reason = said.strip().splitlines()[-1] if said.strip() else "it said nothing"
            raise RelayError(
                f"pip found no wheels for {tag} and Python {version} ({reason}); nothing was written: is the tag one "
                "of win_amd64, manylinux2014_x86_64, macosx_11_0_arm64, and the internet reachable?",
                code="bundle",
            )
        return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.whl"))}


def _tags(tag: str) -> list[str]:
    """Return the tags that a system of this tag takes too: newer manylinux wheels for a Linux of today."""
    if tag.startswith("manylinux"):
        machine = "aarch64" if tag.endswith("aarch64") else "x86_64"
        return list(dict.fromkeys([tag, f"manylinux_2_28_{machine}", f"manylinux_2_17_{machine}"]))
    return [tag]


def _run(command: Sequence[str]) -> tuple[int, str]:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, places.text_of(done.stdout)


def _launcher_stub() -> bytes | None:
    """Return the launcher that pip puts before every Windows program, None where pip is not here."""
    try:
        import pip._vendor.distlib as distlib
    except ImportError:
        return None
    path = Path(str(distlib.__file__)).parent / "t64.exe"
    return path.read_bytes() if path.is_file() else None


# -- the package ------------------------------------------------------------------------------------------------------


def _checklist(settings: Settings | None, site_server: bool, *, secrets: bool) -> bytes:
    where = places.INSTALL_COMMANDS
    steps = [
        f"Unpack this package on the PaperCut {'site ' if site_server else ''}server and open a terminal in its folder "
        "(Windows: as Administrator).",
        f"Read what would change: {where[places.LINUX]} --dry-run   (Windows: installer.bat --dry-run)",
        f"Install: {where[places.LINUX]}   (Windows: installer.bat)",
        "Restart PaperCut's Application Server (the installer asks).",
    ]
    if secrets:
        steps.insert(2, "Have the pass phrase of the secrets at hand.")
    if not site_server and settings is None:
        steps.append(
            f"The set-up, which the installer opens (else: {named('serve')}): it asks for OfficeRnD's two "
            "applications, PaperCut and who may print, and tries each answer. The console in its place then shows what "
            "is left, one step at a time."
        )
    if not site_server:
        steps += [
            "OfficeRnD: Settings > Integrations > PaperCut: switch OfficeRnD's own connector OFF (it deletes people "
            "every night and bills them too); leave Print and Pay on.",
            "PaperCut: Options > User/Group Sync: Primary sync source = Custom Program; 'Delete users' OFF. Who logs "
            "in through another source (Active Directory) loses that login: give staff internal accounts first.",
            "PaperCut: Printers > [Template Printer] and each printer of the members: Unauthenticated printer ON, a "
            "price set. Not for queues of staff or Mobility Print.",
            f"The console, at http://{places.CONSOLE[0]}:{places.CONSOLE[1]}/ (in a terminal: "
            f"{named('check')}, then {named('plan')} and {named('sync')}): checks, first sync, and what becomes of "
            "balances from before.",
            "PaperCut: Printers > Scripting: paste the print script (Copy print script in the console).",
            f"The proof, with a member's right and a wrong password: {where[places.LINUX]} --proof   (Windows: "
            "installer.bat --proof)",
            "Delete the unpacked folder, and the secrets that were carried here. Keep the ZIP: --uninstall is in it.",
        ]
    title = f"OfficeRnD relay {__version__} for PaperCut" + (f", site {settings.site.name}" if settings else "")
    text = "\n\n".join(f"[ ] {number:2}. {_wrapped(step)}" for number, step in enumerate(steps, 1))
    return (
        (
            f"{title}\n{'=' * len(title)}\n\n{text}\n\nEverything back as it was: {where[places.LINUX]} --uninstall   "
            "(Windows: installer.bat --uninstall)\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def _wrapped(step: str) -> str:
    """Return a step in lines of a sheet of paper; what is typed or clicked stays in one piece."""
    for whole in (*places.INSTALL_COMMANDS.values(), "own connector OFF", "Custom Program", "Unauthenticated printer"):
        step = step.replace(whole, whole.replace(" ", NO_BREAK))
    step = step.replace(" --", NO_BREAK + "--").replace("papercut-relay ", f"papercut-relay{NO_BREAK}")
    lines = textwrap.wrap(step, 78, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False)
    return "\n".join(lines).strip().replace(NO_BREAK, " ")


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        write_private(out, own_wheel.zip_of(dict(sorted(files.items())), executable=("install.sh",)))
    except OSError as error:
        what = what_to_do(error, "name another file with --out")
        raise UsageError(f"{out} cannot be written ({error.strerror}): {what}.", code="bundle") from None
