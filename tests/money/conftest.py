"""What the money tests share: the stand-ins beside the tests are importable."""

from __future__ import annotations
