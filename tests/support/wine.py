"""What wine does otherwise than Windows, so that a test would tell about it and not about the product."""

from __future__ import annotations

import ctypes
import os

import pytest

UNDER_WINE = os.name == "nt" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")

# Windows looks for a variable before it takes the carets away, and finds none named PATH^; wine does it the other way.
carets = pytest.mark.skipif(UNDER_WINE, reason="wine's cmd.exe expands %PATH% although carets stand before its signs")
