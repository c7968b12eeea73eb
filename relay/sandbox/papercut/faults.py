"""The faults that PaperCut answers, by code; nothing here knows how a fault gets onto the wire.

Source: PaperCut's wiki page on web-services error codes (from MF 19.2 each error has its own code; the page is known
up to 291) and field reports for 295 and the refused caller.
"""

from __future__ import annotations

NO_SUCH_METHOD = 0  # what Apache XML-RPC 2.0 answers for a wrong name, arity or type
GENERAL = 257
PASSWORD_BLANK = 258
USERNAME_BLANK = 259
PROPERTY_NAME_BLANK = 260
PROPERTY_INVALID = 261
USER_NOT_FOUND = 262
GROUP_NOT_FOUND = 263
OVERDRAFT_INVALID = 264
COST_RATE_INVALID = 265
HOME_INVALID = 266
ALIAS_NOT_UNIQUE = 267
EMAIL_NOT_UNIQUE = 268
EMAIL_INVALID = 269
PASSWORD_ONLY_INTERNAL = 270
PIN_INVALID = 271
PIN_TOO_SHORT = 273
SEVERAL_PERSONAL_ACCOUNTS = 274
BALANCE_INVALID = 275
ID_BLANK = 276
ALIAS_BLANK = 277
FULL_NAME_BLANK = 278
EMAIL_BLANK = 279
GROUP_NAME_BLANK = 280
SERVER_NAME_BLANK = 281
PRINTER_NAME_BLANK = 282
PRINTER_NOT_FOUND = 283
NO_PRINTERS_ON_SERVER = 284
COST_MODEL_INVALID = 285
PERIOD_INVALID = 295

ACCESS_DENIED = "Access denied. Your IP address is not allowed to access the Web Services API."


class ApiFault(Exception):
    """A call that PaperCut refuses: HTTP 200 with a fault of this `code` and `text`.

    `plain` keeps a Java class name from being put in front of the text.
    """

    def __init__(self, code: int, text: str, *, plain: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.plain = plain
