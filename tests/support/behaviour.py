"""The behaviour table: every row is an input, a state, and what both interpreters must answer and log.

`AUTH` are logins, `QUERIES` questions to the user source. The rows are plain values; `test_behaviour.py` runs them.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from papercut_scripts import brake, signin_offline, signin_pin, verifier
from tests.support.papercut_site import ANN, BOB, GONE, NOMAIL, TWIN, sample_directory
from tests.support.signin_server import BAD_TOKEN, PASSWORD, Realm, hang, trickle

PIN = "48219053"
WRONG = "wrong-Passw0rd"


@dataclass
class State:
    """What a row may change before it runs: its own hand-over files and its own OfficeRnD."""

    home: Path
    realm: Realm

    def settings(self, **values: object) -> None:
        path = self.home / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def generation(self) -> Path:
        return self.home / "directory" / (self.home / "directory" / "CURRENT").read_text().strip()


Setup = Callable[[State], None]


@dataclass(frozen=True)
class Login:
    """What is typed, and what has to come of it: by default Ann's right password."""

    name: str
    verdict: str
    reason: str
    setup: tuple[Setup, ...] = ()
    typed: str = "annie"
    password: str = PASSWORD
    username: str = ANN.username
    directory: str = "sample"
    limit_s: float | None = None  # None: whatever it takes, for its time is not what is asked
    signins: int | None = None  # how many must have reached OfficeRnD
    tokens: int | None = None
    raw: bytes | None = None  # instead of the two lines
    by: str | None = None
    log: dict[str, Any] = field(default_factory=dict)

    @property
    def stdin(self) -> bytes:
        return f"{self.typed}\n{self.password}\n".encode() if self.raw is None else self.raw

    @property
    def out(self) -> bytes:
        return f"OK\n{self.username}\n".encode() if self.verdict == "accepted" else b"ERROR\n"


UNASKED: dict[str, Any] = {"signins": 0, "tokens": 0}  # of a row that OfficeRnD never hears of
AS_GONE: dict[str, Any] = {"typed": GONE.username, "username": GONE.username}


def accepted(name: str, *setup: Setup, reason: str = "password", **more: Any) -> Login:
    return Login(name, "accepted", reason, setup, **more)


def rejected(name: str, reason: str, *setup: Setup, **more: Any) -> Login:
    return Login(name, "rejected", reason, setup, **more)


def wrong(name: str, *setup: Setup, **more: Any) -> Login:
    return rejected(name, "wrong_password", *setup, **{"password": WRONG, **more})


def unavailable(name: str, *setup: Setup, reason: str = "unreachable", **more: Any) -> Login:
    return Login(name, "unavailable", reason, setup, **more)


# --- setups ---


def answers(answer: Any) -> Setup:
    return lambda state: setattr(state.realm, "answer", answer)


def token_answers(answer: Any) -> Setup:
    return lambda state: setattr(state.realm, "token_answer", answer)


def bad_password(answer: Any) -> Setup:
    return lambda state: setattr(state.realm, "bad_password", answer)


def with_settings(**values: object) -> Setup:
    return lambda state: state.settings(**values)


def with_pin(member_id: str = ANN.member_id, pin: str = PIN) -> Setup:
    return lambda state: _store(state.home / signin_pin.FOLDER, member_id, pin)


def _store(folder: Path, member_id: str, secret: str) -> None:
    """Write a verifier with few rounds, a fact of each file: the table checks what is decided, not how slowly."""
    verifier.store(str(folder), member_id, secret, rounds=500)


def kept_password(password: str = PASSWORD, age_s: float = 60, member_id: str = ANN.member_id) -> Setup:
    def keep(state: State) -> None:
        folder = state.home / signin_offline.FOLDER
        _store(folder, member_id, password)
        path = Path(verifier.path(str(folder), member_id))
        path.write_text(json.dumps(json.loads(path.read_text()) | {"made": int(time.time() - age_s)}))

    return keep


def failures(count: int, who: str = ANN.username, age_s: float = 60) -> Setup:
    def fail(state: State) -> None:
        key = brake.person_key(str(state.home), who)
        with (state.home / "state" / "failures").open("a") as log:
            log.write(f"{int(time.time() - age_s)} {key}\n" * count)

    return fail


def stored_token(token: str = "token-1", obtained: float = -60, renew_at: float = 3000, valid: bool = True) -> Setup:
    """Put a token into the shared file; the two moments count in seconds from now."""

    def store(state: State) -> None:
        from papercut_scripts import program_home, token_cache

        cache = token_cache.Token(str(state.home), program_home.read_settings(str(state.home)))
        now = int(time.time())
        cache._write({"access_token": token, "obtained": now + obtained, "renew_at": now + renew_at})
        if valid:
            state.realm.valid_tokens.add(token)

    return store


def unreachable(state: State) -> None:
    state.settings(api_url="http://127.0.0.1:9/api/v2", token_url="http://127.0.0.1:9/oauth/token")


def removed(name: str) -> Setup:
    return lambda state: (state.home / name).unlink()


def written(name: str, text: str) -> Setup:
    return lambda state: state.write(name, text)


def no_secret(state: State) -> None:
    state.settings(client_secret_file=str(state.home / "nothing"))


def damaged_shards(state: State) -> None:
    for path in (state.generation / "people").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"x")


# --- logins ---


def _names() -> list[Login]:
    good = (
        *("ann.lee_example.com", "ANN.LEE_EXAMPLE.COM", "ann.lee@example.com", "Ann.Lee@Example.COM"),
        *(
            "annie",
            "ANNIE",
            "  annie",
            "annie \t",
            "\u00a0annie",
            "\ufeffannie",
            "\ufeff ann.lee@example.com ",
            "annie\r",
        ),
    )
    strange = (
        *("nobody", "nobody@example.com", "shared@example.com", "ann.lee", "example.com\\annie", "annie/", "ann\tie"),
        *("annie\x00", "\x00", "*", "%", "' or 1=1 --", "../../etc/passwd", "=annie", "+ann.lee_example.com", "ännie"),
        *("\U0001f600", "a" * 4096, "ann.lee@example.com,bob@example.com"),
    )
    bad_lines = {
        "no line": (b"", "empty"),
        "a name alone": (b"annie\n", "empty"),
        "a name without its end": (b"annie", "empty"),
        "an empty name": (b"\nsecret\n", "empty"),
        "a blank name": (b"   \nsecret\n", "empty"),
        "an empty password": (b"annie\n\n", "empty"),
        "an empty password, CRLF": (b"annie\r\n\r\n", "empty"),
        "only a BOM": (b"\xef\xbb\xbf\nsecret\n", "empty"),
        "a name too long": (b"a" * 4097 + b"\nsecret\n", "too_long"),
        "a password too long": (b"annie\n" + b"p" * 4097 + b"\n", "too_long"),
        "a million bytes": (b"a" * 1000000, "too_long"),
        "a name that is not UTF-8": (b"ann\xff\nsecret\n", "not_utf8"),
        "a password that is not UTF-8": (b"annie\n\xc3(\n", "not_utf8"),
        "UTF-16": ("annie\nsecret\n".encode("utf-16"), "not_utf8"),
    }
    ends = {
        "LF": b"annie\n%s\n",
        "CRLF": b"annie\r\n%s\r\n",
        "no last end": b"annie\n%s",
        "more lines": b"annie\n%s\nmore\nand more\n",
        "mixed ends": b"annie\n%s\r\n",
    }
    return [
        *(accepted(f"name {typed!r}", typed=typed, signins=1) for typed in good),
        *(rejected(f"stranger {typed[:40]!r}", "unknown", typed=typed, username="", **UNASKED) for typed in strange),
        *(rejected(name, reason, username="", raw=raw, **UNASKED) for name, (raw, reason) in bad_lines.items()),
        *(accepted(f"line ends {name}", raw=raw % PASSWORD.encode(), signins=1) for name, raw in ends.items()),
    ]


ODD_PASSWORDS = [
    " leading-Blank1",
    "trailing-Blank1 ",
    "  both  Blank1  ",
    "tab\tinside-A1",
    "\ttab-first-A1",
    "nul\x00inside-A1",
    "carriage\rreturn-A1",
    "vertical\x0btab\x0c-A1",
    'quote"double-A1',
    "quote'single-A1",
    "back\\slash-A1",
    "slash/-A1",
    "percent%20-A1",
    "percent%-A1",
    "plus+sign-A1",
    "and&=equal-A1",
    "hash#-A1",
    "question?-A1",
    "colon:at@-A1",
    "semi;colon-A1",
    "comma,-A1",
    "less<greater>-A1",
    "curly{0}{}-A1",
    "dollar$HOME`x`-A1",
    "!exclaim-A1",
    "-dash-first-A1",
    "--option=A1",
    "ümläut-ß-A1",
    "e\u0301-combining-A1",
    "\u00e9-precomposed-A1",
    "\u20ac-euro-A1",
    "\u4e2d\u6587-A1",
    "\U0001f600-emoji-A1",
    "\u202ertl-A1",
    "\u2028line-A1",
    "\ufeffbom-A1",
    "\u00a0nbsp-A1",
    "\u0130dot-A1",
    "\\u0041-A1",
    "null",
    "true",
    "12345678",
    "x" * 1023,
    "ü" * 2048,
    "OK",
    "ERROR",
    '{"email":"bob@example.com"}',
]


def _passwords() -> list[Login]:
    def expects(password: str) -> Setup:
        return lambda state: state.realm.passwords.update({ANN.email.lower(): password})

    return [
        accepted(f"password {password[:24]!r}", expects(password), password=password, signins=1)
        for password in ODD_PASSWORDS
    ]


def _standings() -> list[Login]:
    return [
        accepted("bob", typed="bob@example.com", username=BOB.username),
        accepted("a shared address by its own name", typed="twin", username=TWIN.username),
        rejected("departed", "departed", typed="gone@example.com", username=GONE.username, **UNASKED),
        rejected("excluded", "excluded", typed="OUT@example.com", username="out_example.com", **UNASKED),
        rejected("unlinked", "unlinked", typed="reception", username="reception", **UNASKED),
        rejected("no e-mail", "no_email", typed="no.mail", username=NOMAIL.username, **UNASKED),
        unavailable("renaming", reason="renaming", typed="eve", username="eve", directory="renaming", **UNASKED),
        accepted("beside a rename", directory="renaming"),
        accepted("an old directory", directory="stale", log={"stale": True}),
        rejected("departed in an old directory", "departed", **AS_GONE, directory="stale", log={"stale": True}),
        accepted("of thousands", typed="USER4321@example.org", username="user4321", directory="many"),
    ]


def _statuses() -> list[Login]:
    refused = {"statusCode": 0, "message": "No"}
    bodies_of_a_no = {"json": refused, "text": b"no", "nothing": b"", "a list": {"message": ["a", "b"]}}
    others = (202, 204, 206, 301, 302, 303, 307, 308, 402, 405, 406, 407, 408, 409, 410, 415, 418, 422, 423, 425)
    others += (429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 520, 521, 522, 523, 524, 525, 526, 530, 599, 999)
    body = {"_id": "1", "email": ANN.email, "message": "Wrong password"}
    elsewhere = ("Location", "http://127.0.0.1:9/elsewhere")
    nonsense = {
        "without e-mail": {"_id": "1", "name": "x"},
        "with another e-mail": {"_id": "1", "email": "bob@example.com"},
        "with an empty e-mail": {"_id": "1", "email": ""},
        "with no text as e-mail": {"_id": "1", "email": 5},
        "with null": None,
        "with a list": [{"email": ANN.email}],
        "with a page": b"<html>Please log in to the Wi-Fi</html>",
        "with nothing": b"",
        "with half": b'{"_id": "1", "email": "ann.lee@exa',
        "not UTF-8": b'{"email": "ann.lee@example.com", "name": "\xff"}',
    }
    emails = {"as it is": ANN.email, "in upper case": ANN.email.upper(), "with blanks": f" {ANN.email} "}
    return [
        *(
            _refusal(f"status {status} with {name}", status, no, is_verdict=status < 403)
            for status in (400, 401, 403, 404)
            for name, no in bodies_of_a_no.items()
        ),
        *_refusals(),
        *(
            unavailable(
                f"status {status}",
                answers((status, b"" if status == 204 else body, elsewhere)),
                reason="refused_to_say",
                signins=1,
                log={"detail": str(status)},
            )
            for status in others
        ),
        *(
            unavailable(f"{status} {name}", answers((status, content)), reason="nonsense")
            for name, content in nonsense.items()
            for status in (200, 201)
        ),
        *(
            accepted(f"{status} with the e-mail {name}", answers((status, {"_id": "1", "email": email})))
            for name, email in emails.items()
            for status in (200, 201)
        ),
    ]


def _refusal(name: str, status: int, body: Any, *headers: tuple[str, str], is_verdict: bool, reason: str = "") -> Login:
    """Return the row of one answer to a sign-in: a verdict about the password, or nothing that tells of it."""
    more: dict[str, Any] = {"password": WRONG, "signins": 1, "tokens": 1, "by": "signin_officernd"}
    answer = answers((status, body, *headers))
    if is_verdict:
        return wrong(name, answer, **more)
    return unavailable(name, answer, reason=reason or "refused_to_say", log={"detail": str(status)}, **more)


def _refusals() -> list[Login]:
    """Return what a wrong address, slug or right answers beside what a wrong password does."""

    def said(message: object) -> dict[str, object]:
        return {"statusCode": 0, "message": message, "path": "/api/v2/organizations/members-club/auth/signin"}

    about_the_login = (
        "User not found",
        "Member was not found",
        "Wrong password",
        ["email or password is wrong"],
        "Portal access is disabled",
        "Invalid credentials for /api/v2",
    )
    about_the_place = (
        "Cannot POST /api/v2/organizations/members-club/auth/signin",
        "Cannot POST /api/v3/users/password",
        "Organization not found",
        "This user belongs to another organisation",
        "Forbidden resource",
        "Forbidden: /members/password",
        "This user agent is blocked",
    )
    page = b"<!DOCTYPE html><title>Sign in</title>The user name or password of this proxy's token is wrong."
    html = ("Content-Type", "text/html; charset=utf-8")
    challenges = ('Basic realm="members"', "Negotiate", "NTLM", 'Digest realm="token", nonce="1"')
    verdicts = [(status, words, True) for status in (403, 404) for words in about_the_login]
    verdicts += [(status, words, False) for status in (403, 404) for words in about_the_place]
    verdicts += [(status, words, False) for status in (400, 401) for words in about_the_place[:4]]
    foreign = [
        answer
        for status in (400, 401, 403, 404, 407, 502, 511)
        for answer in (
            (f"{status} with a page", status, page),
            (f"{status} said to be a page", status, b"wrong password", html),
        )
    ]
    foreign += [(f"401 {words}", 401, said("Wrong password"), ("WWW-Authenticate", words)) for words in challenges]
    return [
        *(_refusal(f"{status} {words}", status, said(words), is_verdict=told) for status, words, told in verdicts),
        *(_refusal(*answer, is_verdict=False, reason="another_server") for answer in foreign),
    ]


GOOD = json.dumps({"_id": "1", "email": ANN.email}).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"


def _wire() -> list[Login]:
    """Answers that no server should give, and some that it may."""
    chunks = b"%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n" % (5, GOOD[:5], len(GOOD) - 5, GOOD[5:])
    length = b"Content-Length: %d\r\n\r\n" % len(GOOD)
    good = {
        "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
        "until the end": HEAD + b"\r\n" + GOOD,
        "after a 100": b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + length + GOOD,
        "after a 103": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + length + GOOD,
        "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + GOOD,
        "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(GOOD) + GOOD,
        "no reason phrase": b"HTTP/1.1 200\r\n" + length + GOOD,
        "odd header names": HEAD + b"CONTENT-LENGTH:%d\r\n\r\n" % len(GOOD) + GOOD,
        "more than announced": HEAD + length + GOOD + b"HTTP/1.1 401 No\r\n\r\n",
    }
    bad = {
        "silence": b"",
        "no HTTP": b"SSH-2.0-OpenSSH\r\n",
        "half a status": b"HTTP/1.1 2",
        "no number": b"HTTP/1.1 OK 200\r\n\r\n",
        "half a header": HEAD + b"Content-Le",
        "headers without end": HEAD + b"Content-Length: 3\r\n",
        "less than announced": HEAD + b"Content-Length: 9999\r\n\r\n" + GOOD,
        "negative length": HEAD + b"Content-Length: -1\r\n\r\n" + GOOD,
        "broken chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n99\r\nabc",
        "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        "an endless header": HEAD + b"X: " + b"y" * 1100000,
        "a huge body": HEAD + b"\r\n" + b"y" * 1100000,
    }
    reasons = {"negative chunk": "nonsense"}
    addresses = {
        "plain http beyond this machine": "http://officernd.example/api/v2",
        "no scheme": "127.0.0.1/api",
        "no host": "http:///api",
        "another scheme": "ftp://127.0.0.1/api",
        "no port number": "http://127.0.0.1:x/api",
    }
    slow = {"hangs": hang, "trickles": trickle}
    return [
        *(accepted(f"wire {name}", answers(raw)) for name, raw in good.items()),
        *(
            unavailable(f"wire {name}", answers(raw), reason=reasons.get(name, "unreachable"), signins=1)
            for name, raw in bad.items()
        ),
        *(unavailable(f"sign-in {name}", answers(pieces), limit_s=1.2) for name, pieces in slow.items()),
        *(unavailable(f"token {name}", token_answers(pieces), limit_s=1.2) for name, pieces in slow.items()),
        unavailable("nobody listens", unreachable, signins=0),
        *(unavailable(f"address: {name}", with_settings(api_url=url)) for name, url in addresses.items()),
    ]


def _tokens() -> list[Login]:
    refusals = {
        "400 invalid scope": (400, {"error": "invalid_scope"}),
        "401 bad client": (401, {"error": "invalid_client"}),
        "403": (403, b""),
        "404": (404, b"not here"),
        "429": (429, b"", ("Retry-After", "7")),
        "500": (500, {"message": "no"}),
        "503": (503, b""),
        "302": (302, b"", ("Location", "/login")),
        "200 without token": (200, {"expires_in": 3600}),
        "200 with an empty token": (200, {"access_token": "", "expires_in": 3600}),
        "200 with a number": (200, {"access_token": 5, "expires_in": 3600}),
        "200 with a page": (200, b"<html>"),
        "200 with a list": (200, []),
        "201 with a token": (201, {"access_token": "token-1", "expires_in": 3600}),
        "nonsense": b"\x00\x01",
        "a token in odd letters": (200, {"access_token": "t\u00f8ken", "expires_in": 3600}),
        "a token that is two headers": (200, {"access_token": "t\r\nX-Evil: 1", "expires_in": 3600}),
        "a token without end": (200, {"access_token": "t" * 9000, "expires_in": 3600}),
        "a life without end": (200, b'{"access_token": "t", "expires_in": Infinity}'),
        "a body nested without end": (200, b"[" * 100_000),
        "a body without end": (200, b" " * 1_100_000),
    }
    revoked = stored_token("revoked", valid=False)
    of_the_future = stored_token(obtained=86400, renew_at=90000)
    challenge = ("WWW-Authenticate", 'Bearer error="invalid_token"')
    about_the_token = ("jwt expired", "Invalid token", "Bearer token missing", "insufficient scope")
    about_the_login = ("Unauthorized", "Wrong credentials", "User not found", "")
    return [
        *(
            unavailable(f"token endpoint: {name}", token_answers(answer), tokens=1, signins=0)
            for name, answer in refusals.items()
        ),
        unavailable("the secret is gone", no_secret, tokens=0),
        accepted("a stored token", stored_token("old"), tokens=0),
        accepted("a stored token at its end", stored_token(renew_at=0), tokens=1),
        accepted("a stored token of the future: a clock was wrong", of_the_future, tokens=1),
        accepted("a clock that goes a little before", stored_token("old", obtained=30), tokens=0),
        accepted("a revoked token", revoked, tokens=1, signins=2),
        wrong("a wrong password with a revoked token", revoked, tokens=1, signins=2),
        unavailable("a revoked token and no new one", revoked, token_answers((500, b"")), tokens=1, signins=1),
        wrong("a wrong password that sounds like a bad token", bad_password(BAD_TOKEN), tokens=2, signins=2),
        accepted("a damaged token file", written("state/token.json", "{")),
        accepted("an odd token file", written("state/token.json", "[5]")),
        accepted("the token of another application", stored_token("old"), with_settings(client_id="other"), tokens=1),
        unavailable("told to wait by an earlier 429", _paused(50), tokens=0),
        accepted("the wait is over", _paused(-1), tokens=1),
        accepted("a wait out of all reason", _paused(86400), tokens=1),
        *(wrong(f"401 {words}", bad_password((401, {"message": words})), tokens=2) for words in about_the_token),
        *(
            wrong(f"401 {words!r}", bad_password((401, {"message": words, "error": "Unauthorized"})), tokens=1)
            for words in about_the_login
        ),
        wrong("401 with WWW-Authenticate", bad_password((401, b"", challenge)), tokens=2),
    ]


def _paused(left_s: int) -> Setup:
    def pause(state: State) -> None:
        from papercut_scripts import program_home, token_cache

        token_cache.Token(str(state.home), program_home.read_settings(str(state.home)))._write(
            {"pause_until": int(time.time()) + left_s}
        )

    return pause


def _pins() -> list[Login]:
    only = with_settings(method="pin")
    spellings = {"plain": PIN, "blank": "4821 9053", "dash": "4821-9053", "spread": " 4 8 2 1 9 0 5 3 "}
    rows = []
    for method, setup in {"officernd": (with_pin(),), "pin": (only, with_pin())}.items():
        rows += [
            accepted(f"PIN {name}, {method}", *setup, reason="pin", password=typed, by="signin_pin", **UNASKED)
            for name, typed in spellings.items()
        ]
        rows.append(rejected(f"wrong PIN, {method}", "wrong_pin", *setup, password="00000000", **UNASKED))
    return [
        *rows,
        accepted("a password with a PIN issued", with_pin()),
        wrong("digits without a PIN go on", password="12345678", signins=1),
        wrong("Arabic digits are no PIN", with_pin(), password="٤٨٢١٩٠٥٣"),
        wrong("seven digits are no PIN", with_pin(), password="4821905", signins=1),
        accepted(
            "PIN without e-mail",
            with_pin(NOMAIL.member_id),
            reason="pin",
            typed="no.mail",
            password=PIN,
            username=NOMAIL.username,
        ),
        rejected("no PIN, method pin", "no_pin", only, password=PIN, **UNASKED),
        rejected("a password, method pin", "wrong_pin", only, with_pin(), **UNASKED),
        rejected("a stranger's PIN", "unknown", only, with_pin(), typed="nobody", password=PIN, username=""),
        wrong("somebody else's PIN", with_pin(), typed=BOB.username, password=PIN, username=BOB.username),
        rejected("the PIN of who has left", "departed", with_pin(GONE.member_id), password=PIN, **AS_GONE),
        accepted("PIN while OfficeRnD is away", with_pin(), unreachable, reason="pin", password=PIN),
        rejected("a damaged PIN file", "no_pin", only, with_pin(), _damaged_pin, password=PIN),
    ]


def _damaged_pin(state: State) -> None:
    Path(verifier.path(str(state.home / "pins"), ANN.member_id)).write_text('{"format": 1')


def _offline() -> list[Login]:
    on = with_settings(offline_hours=8)

    def row(name: str, *setup: Setup, **more: Any) -> Login:
        return accepted(f"offline: {name}", *setup, reason="offline", **more)

    def away(name: str, *setup: Setup) -> Login:
        return unavailable(f"offline: {name}", unreachable, *setup)

    return [
        row("right", unreachable, on, kept_password()),
        row("at the end", unreachable, on, kept_password(age_s=28700)),
        away("too old", on, kept_password(age_s=28900)),
        away("of the future", on, kept_password(age_s=-3600)),
        rejected("offline: wrong", "offline_wrong", unreachable, on, kept_password(), password=WRONG),
        away("never seen", on),
        away("off", kept_password()),
        rejected(
            "offline: who has left", "departed", unreachable, on, kept_password(member_id=GONE.member_id), **AS_GONE
        ),
        row("after a 503", answers((503, b"")), on, kept_password()),
        row("after nonsense", answers((200, b"")), on, kept_password()),
        row("after a 429", answers((429, b"")), on, kept_password()),
        wrong(
            "offline: never after a no",
            answers((403, {"message": "Portal access is disabled for this member"})),
            on,
            kept_password(),
            password=PASSWORD,
        ),
        row("after a wrong address", answers((404, {"message": "Cannot POST /auth/signin"})), on, kept_password()),
        row("in time after a hang", answers(hang), on, kept_password(), limit_s=2.5),
        row("an old directory", unreachable, on, kept_password(), directory="stale"),
        away("a damaged verifier", on, _damaged_verifier),
    ]


def _damaged_verifier(state: State) -> None:
    kept_password()(state)
    Path(verifier.path(str(state.home / signin_offline.FOLDER), ANN.member_id)).write_text("{")


def _brakes() -> list[Login]:
    limit = brake.LIMIT
    return [
        accepted("brake: one below", failures(limit - 1)),
        rejected("brake: on", "braked", failures(limit), **UNASKED),
        rejected("brake: far above", "braked", failures(500), signins=0),
        rejected("brake: by every name", "braked", failures(limit), typed="ANN.LEE@example.com"),
        accepted("brake: old failures", failures(99, age_s=1900)),
        accepted("brake: failures of the future", failures(99, age_s=-600)),
        accepted("brake: other people's", failures(5000, BOB.username)),
        rejected("brake: strangers too", "braked", failures(limit, "nobody"), typed="nobody", username=""),
        rejected("brake: PINs too", "braked", failures(limit), with_pin(), password=PIN, signins=0),
        wrong("brake: the next failure", failures(limit - 1)),
        accepted("brake: damaged", written("state/failures", "\x00nonsense\n9 9\n")),
    ]


def in_the_way(name: str, *, folder: bool = False) -> Setup:
    """Put a file, or a folder, where the auth program wants to write the other kind."""

    def put(state: State) -> None:
        path = state.home / name
        if path.is_dir():
            shutil.rmtree(path)
        path.mkdir(parents=True) if folder else state.write(name, "in the way")

    return put


def _unwritable() -> list[Login]:
    """What cannot be kept locks nobody out."""
    setups = {
        "no state folder": in_the_way("state"),
        "no folder of locks": in_the_way("state/attempts"),
        "no key": in_the_way("state/key", folder=True),
        "no lock of the key": in_the_way("state/key.lock", folder=True),
        "no token file": in_the_way("state/token.json", folder=True),
        "no lock of the token": in_the_way("state/token.json.lock", folder=True),
        "no failures": in_the_way("state/failures", folder=True),
        "no lock of the failures": in_the_way("state/failures.lock", folder=True),
    }
    return [
        row
        for name, setup in setups.items()
        for row in (accepted(f"unwritable: {name}", setup), wrong(f"unwritable, wrong: {name}", setup))
    ]


def _broken() -> list[Login]:
    def row(name: str, *setup: Setup, reason: str = "directory") -> Login:
        return unavailable(f"broken: {name}", *setup, reason=reason, username="", **UNASKED)

    return [
        row("no settings", removed("settings.json")),
        row("empty settings", written("settings.json", "")),
        row("settings that are no JSON", written("settings.json", "{,")),
        row("settings that are a list", written("settings.json", "[]")),
        row("settings of another version", with_settings(format=99)),
        row("no CURRENT", removed("directory/CURRENT")),
        row("a folder that all may write", lambda state: state.home.chmod(0o777), reason="home_open"),
        row("a folder that its group may write", lambda state: state.home.chmod(0o770), reason="home_open"),
        row("CURRENT names nothing", written("directory/CURRENT", "20200101T000000Z-abcdef-1\n")),
        row("CURRENT points elsewhere", written("directory/CURRENT", "../../../etc")),
        row("damaged shards", damaged_shards),
        row("an unknown method", with_settings(method="nonsense"), reason="failed"),
    ]


AUTH: list[Login] = [
    row
    for part in (
        *(_names, _passwords, _standings, _statuses, _wire, _tokens),
        *(_pins, _offline, _brakes, _unwritable, _broken),
    )
    for row in part()
]


@dataclass(frozen=True)
class Query:
    """A question to the user source: `out` None where nothing but one sentence with `said` in it may come."""

    name: str
    words: tuple[str, ...]
    out: str | None
    stdin: bytes = b""
    said: str = ""
    setup: tuple[Setup, ...] = ()
    directory: str = "sample"


def _queries() -> list[Query]:
    names = "".join(f"{name}\n" for name in ("admin", ANN.username))
    groups = "".join(f"{name}\n" for name in sample_directory().groups)
    five = (ANN.username, ANN.full_name, ANN.email, ANN.department, ANN.office)
    short = "\t".join(five)
    long = "\t".join((*five, ANN.primary_card, ANN.other_emails, ANN.secondary_card, ANN.alias, ANN.home))
    company = ANN.department

    def renaming(name: str, *words: str, stdin: bytes = b"", out: str | None = None) -> Query:
        said = "renamed" if out is None else ""
        return Query(f"a rename {name}", ("-", *words), out, stdin, said, directory="renaming")

    rows = [
        Query("valid", ("-", "is-valid"), "Y\n"),
        Query("groups", ("-", "all-groups"), groups),
        Query("groups, get", ("-", "get-all-groups"), groups),
        Query("valid when old", ("-", "is-valid"), "Y\n", directory="stale"),
        Query("names", ("-", "group-member-names", company), names),
        Query("names, get", ("-", "get-group-member-names", company), names),
        Query("members", ("-", "group-members", company), f"admin\n{short}\n"),
        Query("members, get", ("-", "get-group-members", company), f"admin\n{short}\n"),
        Query("members, long", ("-", "group-members", company), f"admin\n{long}\n", directory="long"),
        Query("another placeholder", ("--options", "is-valid"), "Y\n"),
        Query("no placeholder", ("is-valid",), "Y\n"),
        Query("an empty group", ("-", "group-members", "Empty Company"), ""),
        Query("in group", ("-", "is-user-in-group", company, ANN.username), "Y\n"),
        Query("in group, turned", ("-", "is-user-in-group", ANN.username, company), "Y\n"),
        Query("in group, by e-mail", ("-", "is-user-in-group", ANN.email, company), "Y\n"),
        Query("not in group", ("-", "is-user-in-group", company, BOB.username), "N\n"),
        Query("not in group, turned", ("-", "is-user-in-group", BOB.username, company), "N\n"),
        Query("unknown group", ("-", "group-members", "nothing"), None, said="nothing"),
        Query("unknown group names", ("-", "group-member-names", "ACME & SÖHNE"), None, said="ACME & SÖHNE"),
        Query("unknown user in group", ("-", "is-user-in-group", company, "nobody"), None, said="nobody"),
        Query("user in unknown group", ("-", "is-user-in-group", "nothing", ANN.username), None, said="nothing"),
        Query("no command", ("-",), None, said="Usage"),
        Query("nothing at all", (), None, said="Usage"),
        Query("an unknown command", ("-", "delete-everything"), None, said="Usage"),
        Query("too many words", ("-", "all-users", "now"), None, said="all-users"),
        Query("too few words", ("-", "group-members"), None, said="group-members"),
        Query("a user alone", ("-", "is-user-in-group", "x"), None, said="is-user-in-group"),
        Query("three names", ("-", "is-user-in-group", "1", "2", "3"), None, said="is-user-in-group"),
        Query("a prefix alone", ("-", "get-", "x"), None, said="Usage"),
        renaming("holds the list", "all-users"),
        renaming("holds its group", "group-members", company),
        renaming("holds its group's names", "group-member-names", company),
        renaming("holds the person", "user-details", stdin=b"eve\n"),
        renaming("holds the person's groups", "is-user-in-group", company, "eve"),
        renaming("leaves another group", "group-members", "Empty Company", out=""),
        renaming("leaves another group's names", "group-member-names", "[Individual Member]", out=f"{BOB.username}\n"),
        renaming("leaves another person", "user-details", stdin=b"annie\n", out=f"{short}\n"),
        renaming("leaves another person's groups", "is-user-in-group", company, ANN.username, out="Y\n"),
        Query("no home", ("-", "all-users"), None, said="sync", setup=(_no_directory,)),
    ]
    for typed in (ANN.username, ANN.email.upper(), "Annie", " annie ", "\ufeffannie"):
        for command in ("user-details", "get-user-details"):
            for end in ("\n", "\r\n", ""):
                rows.append(Query(f"{command} {typed!r}{end!r}", ("-", command), f"{short}\n", (typed + end).encode()))
    rows.append(Query("details, long", ("-", "user-details"), f"{long}\n", b"annie\n", directory="long"))
    rows.append(Query("details when old", ("-", "user-details"), f"{short}\n", b"annie\n", directory="stale"))
    for typed in (b"", b"\n", b"nobody\n", b"shared@example.com\n", b"ann\x00ie\n", b"a\tb\n", "ännie\n".encode()):
        rows.append(Query(f"details of {typed!r}", ("-", "user-details"), None, typed, "knows no user"))
    rows.append(Query("details not UTF-8", ("-", "user-details"), None, b"\xff\xfe\n", "UTF-8"))
    for words in (("all-users",), ("all-groups",), ("group-members", company), ("is-user-in-group", company, "annie")):
        rows.append(Query(f"old {words[0]}", ("-", *words), None, said="older than allowed", directory="stale"))
        rows.append(Query(f"damaged {words[0]}", ("-", *words), None, said="damaged", setup=(_damage_all,)))
    return rows


def _no_directory(state: State) -> None:
    (state.home / "directory" / "CURRENT").unlink()


def _damage_all(state: State) -> None:
    for path in state.generation.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes() + b"x")


QUERIES = _queries()
