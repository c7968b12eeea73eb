"""The words that the made-up organisation is put together from, and company names that have broken somebody's sync."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Names that have broken somebody's sync, or would break ours: markup, quotes, brackets, blanks, scripts, lengths, case.
AWKWARD_COMPANIES = (
    "Smith & Sons",
    "Bäckerei Müller GmbH",
    'The "Quiet" Agency',
    "O'Brien's Legal",
    "[Studio] North",
    "Студио Витоша ООД",
    "Nordwind Media",
    "NORDWIND MEDIA",  # differs in case only
    "株式会社 青空",
    "Tag & <b>Bold</b> Ltd",
    "Comma, Semicolon; Co.",
    "Back\\Slash / Slash",
    "  Two  Blanks  ",
    "Nordwind Media",  # the same name twice
    "Society for the Advancement of Very Long Company Names and Their Careful Shortening in Print Servers, "
    "Registered Association (in Liquidation)",
    "Society for the Advancement of Very Long Company Names and Their Careful Shortening in Print Servers, "
    "Registered Association (Reborn)",
    "[Bracketed]",
    "Tab\tand\nLine",
    "100% Percent_Under",
    "Émile & Zoë — Architectes",
    "IT Admins",  # also the name of a group that gives rights on many servers
    "😀 Emoji Labs",
    "-dash first",
    "#hash: colon = equals",
)
ADJECTIVES = _words(
    "Amber Bright Calm Clever Coastal Copper Crimson Dapper Early Eastern Fair Fresh Gentle Golden Grand Green Happy "
    "Hidden Honest Humble Iron Ivory Jolly Keen Kind Lively Lucky Lunar Mellow Modern Noble Northern Olive Open Orange "
    "Pacific Patient Plain Polar Proud Quick Quiet Rapid Red Royal Rustic Sage Silent Silver Simple Smart Solar Solid "
    "Southern Stellar Steady Sunny Swift Tidy Urban Velvet Vivid Warm Western Wild Wise Young"
)
NOUNS = _words(
    "Anchor Apple Arrow Badger Beacon Birch Bison Bridge Canvas Cedar Circle Cloud Comet Compass Crane Delta Falcon "
    "Feather Fern Fjord Forest Fox Garden Harbor Hawk Heron Hill Island Kite Lantern Leaf Lemon Lighthouse Lion Maple "
    "Meadow Mill Moon Mountain Oak Ocean Orchard Otter Owl Paper Peak Pebble Pine Pixel Planet Raven River Robin "
    "Sparrow Spring Spruce Star Stone Summit Swan Thistle Tiger Tower Valley Wave Willow Wolf"
)
FORMS = ("Ltd", "GmbH", "Studio", "Labs", "Partners", "Group", "EOOD", "Consulting", "Media", "Works")
FIRST_NAMES = _words(
    "Ann Ben Carla David Elena Frank Georgi Hannah Ivan Julia Karim Laura Martin Nadia Oliver Petra Quentin Rosa "
    "Stefan Teodora Umar Vera Walter Xenia Yana Zoltan Aisha Boris Chloé Dimitar Émile Fatima Günther Henrike Iñigo "
    "José Klára Łukasz Maja Nikolay Øystein Pénélope Raúl Søren Tomáš Ülkü Viktória Willem Žofia Мария Петър 美咲"
)
LAST_NAMES = _words(
    "Adams Becker Carter Dimitrov Evans Fischer Garcia Hoffmann Ivanova Jensen Keller Lee Meyer Novak Olsen Petrova "
    "Quinn Rossi Schmidt Taylor Ueda Vasilev Weber Xu Young Zimmermann Almeida Brandt Castillo Dubois Eriksson "
    "Fontaine Gruber Horvat Iliev Janssen Kowalski Lindqvist Moreau Nilsson O'Brien Papadopoulos Rodríguez Šimić "
    "Todorov Ünal Vögel Wójcik Yılmaz Çelik Müller-Lüdenscheidt d'Angelo Стоянова 田中"
)
CITIES = ("Sofia", "Plovdiv", "Varna", "Burgas", "Ruse", "Pleven", "Sliven", "Dobrich")
