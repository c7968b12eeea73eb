"""A made-up OfficeRnD organisation of any size, with the quirks that were measured in real ones.

Everything here is a plain, frozen value that follows from (members, seed): no clock, no network, no file. The OfficeRnD
stand-in turns these values into what its API answers; the PaperCut stand-in may fill a server from them. It must never
hold data of real people: names are put together from short lists, addresses end in `.example`.

Source: officernd-api 3.1 (totals of one organisation of 5,743 members: 45 % active; 16 % without e-mail, 23 % of the
active ones; 189 addresses of more than one member, 35 of them among active ones, one of twelve; all lower-case; 4 %
without company), 6.4 (half of the
members never made a password).
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import attrgetter
from typing import Literal, TypeVar

from relay.sandbox.names import ADJECTIVES, AWKWARD_COMPANIES, CITIES, FIRST_NAMES, FORMS, LAST_NAMES, NOUNS

Row = TypeVar("Row")
Status = Literal["active", "former", "pending", "contact", "not_approved", "drop-in", "lead"]

SLUG, NAME = "acme", "Acme Works"
FEES_PLAN = "PaperCut Fees"
AS_OF = date(2025, 6, 1)  # the organisation's history ends here; a fixed day, so that a seed is a seed


@dataclass(frozen=True, slots=True)
class SampleLocation:
    id: str
    name: str
    code: str
    timezone: str
    address: dict[str, str] | str  # an object in real data, a text in the documented example (officernd-api 3.7)


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """`interval` is "once" for a product that a fee may name, "month" for a membership. `locations`: ids."""

    id: str
    name: str
    code: str
    type: str
    price: float
    interval: Literal["once", "month"]
    locations: tuple[str, ...]
    requires_approval: bool = False


@dataclass(frozen=True, slots=True)
class SampleCompany:
    id: str
    name: str
    email: str
    status: str
    location: str
    start: date
    properties: dict[str, str]
    modified: str


@dataclass(frozen=True, slots=True)
class SampleMember:
    """`email` and `company` are "" where OfficeRnD has none; `modified` is an ISO instant in UTC."""

    id: str
    name: str
    email: str
    status: Status
    location: str
    company: str
    start: date
    properties: dict[str, object]
    modified: str


@dataclass(frozen=True, slots=True)
class SampleMembership:
    """A recurring plan of a whole company (`member` is "") or of one member. `personal`: the member is billed."""

    id: str
    name: str
    company: str
    member: str
    plan: str
    location: str
    personal: bool
    calculated_status: Literal["active", "expired", "not_started", "not_approved"]
    start: date
    end: date | None
    price: float


@dataclass(frozen=True, slots=True)
class SampleUser:
    """A sign-in account. It is no member: the two are joined by e-mail only (officernd-api 4.1).

    `password` is "" for somebody who was invited and never made one, and for those who only come through SSO.
    """

    id: str
    email: str
    name: str
    password: str = field(repr=False)
    sso_only: bool = False
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class CustomProperty:
    id: str
    key: str
    title: str
    type: str
    privacy: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coins:
    """Monthly coins of a company, or of a member without one; they pay one-off fees of `plans` (officernd-api 3.9)."""

    holder: str
    monthly: float
    plans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoginSample:
    """A sign-in that works: an active member with an address of their own and a password."""

    email: str
    password: str = field(repr=False)
    member: SampleMember


@dataclass(frozen=True, slots=True)
class Organisation:
    """All of it. Lists are in the order of the ids, as OfficeRnD lists them."""

    id: str
    slug: str
    name: str
    currency: str
    locations: tuple[SampleLocation, ...]
    plans: tuple[SamplePlan, ...]
    companies: tuple[SampleCompany, ...]
    members: tuple[SampleMember, ...]
    memberships: tuple[SampleMembership, ...]
    users: tuple[SampleUser, ...]
    custom_properties: tuple[CustomProperty, ...]
    coins: tuple[Coins, ...]

    def login_samples(self, count: int = 5) -> tuple[LoginSample, ...]:
        """Return up to `count` sign-ins that work; there is one as soon as there is a member."""
        holders: dict[str, list[SampleMember]] = {}
        for member in self.members:
            holders.setdefault(member.email, []).append(member)
        found: list[LoginSample] = []
        for user in self.users:
            if len(found) >= count:
                break
            owners = holders.get(user.email, [])
            if user.password and not user.sso_only and len(owners) == 1 and owners[0].status == "active":
                found.append(LoginSample(user.email, user.password, owners[0]))
        return tuple(found)

    def plan(self, name: str) -> SamplePlan:
        """Return the plan of that name or code. Raises KeyError."""
        for plan in self.plans:
            if name in (plan.name, plan.code):
                return plan
        raise KeyError(name)


def make_organisation(members: int, seed: int = 1, *, fees_plan: str | None = FEES_PLAN) -> Organisation:
    """Given a size and a seed return the same organisation every time, on every machine.

    It has one location, and one more for every 800 members (at least two from 20 members on, at most eight).
    `fees_plan` is the one-off plan for print fees; None leaves it out. The first member is always an ordinary one:
    active, in a company, at the first location, with an own address and a password.
    """
    return _Maker(members, seed, fees_plan).organisation()


# Members that are not active, by share (officernd-api 3.1 gives the active share only; the rest is a guess).
_OTHER_STATUSES: tuple[Status, ...] = ("former", "contact", "lead", "drop-in", "pending", "not_approved")
_OTHER_WEIGHTS = (62, 20, 9, 5, 3, 1)


class _Maker:
    """The generator's own state: one random stream, one id counter, the addresses already given."""

    def __init__(self, size: int, seed: int, fees_plan: str | None) -> None:
        assert size >= 0, "an organisation cannot have fewer than no members"
        self.size, self.seed, self.fees_plan = size, seed, fees_plan
        self.random = random.Random(f"officernd/{seed}")
        self.host = self.random.getrandbits(40)
        self.next_id = 0
        self.taken: set[str] = set()

    def organisation(self) -> Organisation:
        def by_id(rows: Iterable[Row]) -> tuple[Row, ...]:
            return tuple(sorted(rows, key=attrgetter("id")))

        identity = self.identity(self.day(3000, 3000))
        locations = tuple(self.locations())
        plans = by_id(self.plans(locations))
        domains = list(self.company_seeds(locations))
        members = tuple(self.members(locations, domains))
        companies = tuple(self.companies(domains, members))
        return Organisation(
            id=identity,
            slug=SLUG,
            name=NAME,
            currency="EUR",
            locations=locations,
            plans=plans,
            companies=by_id(companies),
            members=by_id(members),
            memberships=by_id(self.memberships(plans, companies, members)),
            users=by_id(self.users(members)),
            custom_properties=by_id(self.custom_properties()),
            coins=tuple(self.coins(plans, companies)),
        )

    # -- small things

    def identity(self, born: date) -> str:
        """Return an id as MongoDB makes it: seconds, machine, counter; 24 hex digits."""
        seconds = (born - date(1970, 1, 1)).days * 86_400 + self.random.randrange(86_400)
        self.next_id += 1
        return f"{seconds:08x}{self.host:010x}{self.next_id:06x}"

    def day(self, oldest: int, newest: int) -> date:
        return AS_OF - timedelta(days=self.random.randint(newest, oldest))

    def instant(self, day: date) -> str:
        milliseconds = self.random.randrange(86_400_000)
        seconds, rest = divmod(milliseconds, 1000)
        return f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}Z"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # -- the catalogue

    def locations(self) -> Iterator[SampleLocation]:
        for number in range(min(8, (2 if self.size >= 20 else 1) + self.size // 800)):
            city = CITIES[number % len(CITIES)]
            address: dict[str, str] | str = {"country": "Bulgaria", "city": city, "street": f"{number + 1} Main Street"}
            if number % 3 == 2:
                address = f"{number + 1} Main Street, {city}"
            born = AS_OF - timedelta(days=2900 - 60 * number)  # the first one is the oldest
            yield SampleLocation(self.identity(born), f"{NAME} {city}", city[:3].upper(), "Europe/Sofia", address)

    def plans(self, locations: tuple[SampleLocation, ...]) -> Iterator[SamplePlan]:
        everywhere = tuple(location.id for location in locations)
        rows: list[tuple[str, str, str, float, Literal["once", "month"]]] = [
            ("Hot Desk", "HOT", "hotdesk", 180.0, "month"),
            ("Dedicated Desk", "DESK", "desk", 290.0, "month"),
            ("Private Office", "OFFICE", "office", 1150.0, "month"),
            ("Virtual Office", "", "service", 59.0, "month"),
            ("Day Pass", "DAY", "service", 18.0, "once"),
            ("Cleaning", "CLEAN", "service", 25.0, "once"),
        ]
        if self.fees_plan:
            rows.append((self.fees_plan, "PRINT", "service", 0.0, "once"))
        for name, code, kind, price, interval in rows:
            yield SamplePlan(self.identity(self.day(1900, 1500)), name, code, kind, price, interval, everywhere)
        yield SamplePlan(
            self.identity(self.day(1900, 1500)), "Event Space", "EVENT", "service", 400.0, "once", everywhere[:1], True
        )

    def custom_properties(self) -> Iterator[CustomProperty]:
        rows = [
            ("accessCard", "Access card", "String", "protected", ("member",)),
            ("parkingCard", "Parking card", "String", "admin", ("member",)),
            ("printingPin", "Printing PIN", "Number", "admin", ("member",)),
            ("printName", "Print account", "String", "admin", ("member",)),
            ("costCentre", "Cost centre", "String", "admin", ("team",)),
        ]
        for key, title, kind, privacy, targets in rows:
            yield CustomProperty(self.identity(self.day(1500, 1000)), key, title, kind, privacy, targets)

    # -- companies and members

    def company_seeds(self, locations: tuple[SampleLocation, ...]) -> Iterator[tuple[str, str, str, date]]:
        """Yield (id, name, location, start) for a company for every 5.5 members."""
        count = max(1, round(self.size / 5.5)) if self.size else 0
        for number in range(count):
            born = self.day(1400, 30)
            yield self.identity(born), self.company_name(number), self.some_location(locations, number), born

    def company_name(self, number: int) -> str:
        awkward, remainder = divmod(number, 2)
        if remainder == 1 and awkward < len(AWKWARD_COMPANIES):
            return AWKWARD_COMPANIES[awkward]
        pairs = len(ADJECTIVES) * len(NOUNS)
        place = number * 2_711 % pairs  # 2,711 is prime to the number of pairs: no name twice before all were used
        adjective, noun = ADJECTIVES[place % len(ADJECTIVES)], NOUNS[place // len(ADJECTIVES)]
        round_number = number // pairs
        form = FORMS[number % len(FORMS)]
        return f"{adjective} {noun} {form}" if not round_number else f"{adjective} {noun} {form} {round_number + 1}"

    def some_location(self, locations: tuple[SampleLocation, ...], number: int) -> str:
        """Return a location id: the first one has about half of everybody."""
        if number == 0 or self.chance(0.5):
            return locations[0].id
        return self.random.choice(locations).id

    def members(
        self, locations: tuple[SampleLocation, ...], companies: list[tuple[str, str, str, date]]
    ) -> Iterator[SampleMember]:
        # Companies are of very unequal size: a few large ones, many with one or two people.
        weights: list[float] = []
        total = 0.0
        for number in range(len(companies)):
            total += 1 / (1 + number % 97) ** 0.5
            weights.append(total)
        to_share: list[str] = []  # addresses that the next ones get as well
        crowd = 10 if self.size >= 1000 else 0  # one address is used by twelve members
        for number in range(self.size):
            ordinary = number == 0
            company_id, company_name, location, _ = self.random.choices(companies, cum_weights=weights)[0]
            if ordinary:
                company_id, company_name, location, _ = companies[0]
            elif self.chance(0.04):
                company_id, company_name, location = "", "", self.some_location(locations, number)
            elif self.chance(0.08):
                location = self.some_location(locations, number)
            status = self.status() if not ordinary else "active"
            name = self.person()
            email = self.own_email(name, company_name, ordinary)
            if not ordinary and self.chance(0.235 if status == "active" else 0.099):
                email = ""
            elif to_share and not ordinary:
                email = to_share.pop()
            elif self.chance(0.042) and not ordinary:
                to_share.extend([email] * (1 + crowd))
                crowd = 0
            born = self.day(1300, 2)
            yield SampleMember(
                id=self.identity(born),
                name=name,
                email=email,
                status=status,
                location=location,
                company=company_id,
                start=born,
                properties=self.member_properties(),
                modified=self.instant(born + timedelta(days=self.random.randrange((AS_OF - born).days))),
            )

    def status(self) -> Status:
        if self.chance(0.448):
            return "active"
        return self.random.choices(_OTHER_STATUSES, weights=_OTHER_WEIGHTS)[0]

    def person(self) -> str:
        first, last = self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)
        if self.chance(0.04):
            return f"{first} {self.random.choice(FIRST_NAMES)} {last}"
        if self.chance(0.01):
            return f"{first}  {last} & Co"
        if self.chance(0.01):
            return first
        return f"{first} {last}"

    def own_email(self, name: str, company: str, ordinary: bool) -> str:
        """Return an address that nobody has yet, always in lower case; a few are of the kinds that break things."""
        words = [word for word in (_ascii(part) for part in name.split()) if word] or ["member"]
        domain = f"{_ascii(company)[:40] or 'mail'}.example"
        local = ".".join((words[0], words[-1])) if len(words) > 1 else words[0]
        if not ordinary:
            pick = self.random.random()
            if pick < 0.01:
                local = f"{local}+print"
            elif pick < 0.02:
                local = f"{local.replace('.', '_')}"
            elif pick < 0.03:
                local = f"o'{local}"
            elif pick < 0.035:
                local = f"{local}/hq"
            elif pick < 0.05:
                local = f"{local}.{'-'.join(words)}.of.the.department.of.long.local.parts"[:64]
            elif pick < 0.25:
                domain = self.random.choice(("gmail.example", "outlook.example", "abv.example"))
        candidate, suffix = f"{local}@{domain}", 2
        while candidate in self.taken:
            candidate, suffix = f"{local}{suffix}@{domain}", suffix + self.random.randint(1, 9)
        self.taken.add(candidate)
        return candidate

    def member_properties(self) -> dict[str, object]:
        """Return the custom properties: card numbers are texts with leading zeros; printingPin stays empty."""
        if not self.chance(0.4):
            return {}
        properties: dict[str, object] = {"accessCard": f"{self.random.randrange(10**8):010d}"}
        if self.chance(0.1):
            properties["parkingCard"] = f"{self.random.getrandbits(28):07X}"
        return properties

    def companies(
        self, seeds: list[tuple[str, str, str, date]], members: tuple[SampleMember, ...]
    ) -> Iterator[SampleCompany]:
        """Yield the companies; a company's status is never set by hand, it follows from its people's."""
        statuses: dict[str, set[str]] = {}
        for member in members:
            statuses.setdefault(member.company, set()).add(member.status)
        for number, (identity, name, location, born) in enumerate(seeds):
            found = statuses.get(identity, set())
            status = next((word for word in ("active", "drop-in", "pending", "former") if word in found), "lead")
            email = f"office@{_ascii(name)[:40] or 'company'}.example" if self.chance(0.7) else ""
            properties = {"costCentre": f"{number % 900 + 100:04d}"} if self.chance(0.5) else {}
            modified = self.instant(born + timedelta(days=self.random.randrange((AS_OF - born).days)))
            yield SampleCompany(identity, name, email, status, location, born, properties, modified)

    # -- memberships, sign-in, coins

    def memberships(
        self, plans: tuple[SamplePlan, ...], companies: tuple[SampleCompany, ...], members: tuple[SampleMember, ...]
    ) -> Iterator[SampleMembership]:
        """Yield what people have bought: by company where there is one, else in person; ended for the former."""
        monthly = [plan for plan in plans if plan.interval == "month"]
        covered = set()
        for company in companies:
            if company.status == "active" and self.chance(0.6):
                covered.add(company.id)
                plan = self.random.choice(monthly)
                yield self.membership(plan, company.id, "", company.location, "active", personal=False)
        for member in members:
            if member.status == "active" and member.company not in covered:
                plan = monthly[0] if self.chance(0.5) else self.random.choice(monthly)
                personal = not member.company or self.chance(0.02)
                yield self.membership(plan, member.company, member.id, member.location, "active", personal=personal)
            elif member.status in ("former", "pending", "not_approved"):
                state = {"former": "expired", "pending": "not_started"}.get(member.status, "not_approved")
                plan = self.random.choice(monthly)
                personal = not member.company
                yield self.membership(plan, member.company, member.id, member.location, state, personal=personal)

    def membership(
        self, plan: SamplePlan, company: str, member: str, location: str, state: str, *, personal: bool
    ) -> SampleMembership:
        start, end = self.day(1000, 40), None
        if state == "expired":
            end = start + timedelta(days=30)
        elif state == "not_started":
            start = AS_OF + timedelta(days=3650)  # still ahead, whenever this is tried
        return SampleMembership(
            id=self.identity(min(start, AS_OF)),
            name=plan.name,
            company=company,
            member=member,
            plan=plan.id,
            location=location,
            personal=personal,
            calculated_status=state,  # type: ignore[arg-type]
            start=start,
            end=end,
            price=plan.price,
        )

    def users(self, members: tuple[SampleMember, ...]) -> Iterator[SampleUser]:
        """Yield one account for an address that was invited: about half of them have made a password."""
        seen: set[str] = set()
        for number, member in enumerate(members):
            if not member.email or member.email in seen:
                continue
            seen.add(member.email)
            pick = self.random.random() if number else 0.0
            if pick >= 0.8:  # never invited: no account at all
                continue
            password = password_for(member.email, self.seed) if pick < 0.52 else ""
            sso_only = 0.52 <= pick < 0.58
            yield SampleUser(self.identity(member.start), member.email, member.name, password, sso_only)
        admin = f"admin@{SLUG}.example"
        password = password_for(admin, self.seed)
        yield SampleUser(self.identity(AS_OF), admin, "Community Manager", password, is_admin=True)

    def coins(self, plans: tuple[SamplePlan, ...], companies: tuple[SampleCompany, ...]) -> Iterator[Coins]:
        """Yield a monthly print allowance for some companies."""
        print_plans = tuple(plan.id for plan in plans if plan.name == self.fees_plan)
        for company in companies:
            if print_plans and company.status == "active" and self.chance(0.1):
                yield Coins(company.id, float(self.random.choice((5, 10, 30))), print_plans)


def password_for(email: str, seed: int) -> str:
    """Return the made-up password of an address: at least 8 characters of four kinds, some with a blank or an umlaut.

    Source: officernd-api 4.1 (8 or more characters, 3 of 4 classes).
    """
    digest = hashlib.sha256(f"{seed}/{email}".encode()).hexdigest()
    extra = (" ü", ' "q', "&<", "", "", "", "", "", "", "")[int(digest[-1], 16) % 10]
    return f"Pw-{digest[:10]}{extra}"


def _ascii(text: str) -> str:
    """Return the letters and digits of `text` in lower case, without accents; "" when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum() or letter == "-").strip("-")
