"""security.properties of the stand-in's installation folder: read at start only, as PaperCut does.

Source: PaperCut manual on security for advanced features: `[app-path]/server/security.properties`, restart needed.
"""

from __future__ import annotations

import re
from pathlib import Path

from relay.sandbox.papercut.state import SECURITY_FOLDERS, State

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_FIRST = """\
# Security settings of the PaperCut stand-in. Changes take effect when the server is started again.

# Print and device scripts (Y/N)
security.print-and-device.script.enabled=Y
# Scripts that may call programs or further Java classes (Y/N)
security.print-script.allow-unsafe-code=N
security.device-script.allow-unsafe-code=N

# JavaScript card-number converters that may be run, and whether they may run unsafe code
security.card-no-converter-script.path-allow-list=
security.card-no-converter-script.allow-unsafe-code=N

# Directories from which custom user and authentication programs may be run, separated by semicolons
security.custom-executable.allowed-directory-list=
"""


def path_in(data_dir: Path) -> Path:
    """Return where the file lies in an installation folder."""
    return data_dir / "server" / "security.properties"


def read(data_dir: Path) -> dict[str, str]:
    """Return the keys of the file, which is made where there is none.

    Escapes are Java's: backslashes are doubled, characters beyond ASCII may be written as \\uXXXX.
    """
    path = path_in(data_dir)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_FIRST, encoding="utf-8")
    values = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", "!")):
            values[name.strip()] = _ESCAPE.sub(_unescaped, value.strip())
    return values


def _unescaped(match: re.Match[str]) -> str:
    text = match.group(1)
    return chr(int(text[1:], 16)) if len(text) == 5 else text


def allow_folder(state: State, folder: Path) -> None:
    """Add a folder to the list, in the file and, as after a restart, in the running stand-in."""
    values = read(state.data_dir)
    separator = state.switches.allow_list_separator
    listed = [entry for entry in values.get(SECURITY_FOLDERS, "").split(separator) if entry]
    if str(folder) not in listed:
        listed.append(str(folder))
        text = separator.join(listed).replace("\\", "\\\\")
        path = path_in(state.data_dir)
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(SECURITY_FOLDERS)]
        path.write_text("\n".join([*kept, f"{SECURITY_FOLDERS}={text}", ""]), encoding="utf-8")
    state.security[SECURITY_FOLDERS] = separator.join(listed)
