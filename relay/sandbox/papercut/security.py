"""security.properties of the stand-in's installation folder: read at start only, as PaperCut does.

Source: PaperCut manual on security for advanced features: `[app-path]/server/security.properties`, restart needed.
"""

from __future__ import annotations

from pathlib import Path

from relay.installer import properties
from relay.sandbox.papercut.state import SECURITY_FOLDERS, PaperCutState

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

    As Java reads it: bytes of ISO 8859-1, backslashes doubled, characters beyond ASCII as \\uXXXX.
    """
    path = path_in(data_dir)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_FIRST.encode("ascii"))
    data = path.read_bytes()
    return {key: properties.value(data, key).strip() for key in properties.keys(data)}


def allow_folder(state: PaperCutState, folder: Path) -> None:
    """Add a folder to the list, in the file and, as after a restart, in the running stand-in."""
    values = read(state.data_dir)
    separator = state.switches.allow_list_separator
    listed = [entry for entry in values.get(SECURITY_FOLDERS, "").split(separator) if entry]
    if str(folder) not in listed:
        listed.append(str(folder))
        path = path_in(state.data_dir)
        path.write_bytes(properties.with_value(path.read_bytes(), SECURITY_FOLDERS, separator.join(listed)))
    state.security[SECURITY_FOLDERS] = separator.join(listed)
