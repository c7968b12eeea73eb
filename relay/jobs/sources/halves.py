"""Which half of the day a word after a time means: AM and PM in every language that Java's locales give.

A word that is not in the tables, or that two languages use for opposite halves, is decided by the rows of a folder:
they stand in time order. What they leave open stays open; nothing is guessed. Nothing here opens a file.

Source: `DateFormatSymbols.getAmPmStrings` of Java 17 (both its older data and CLDR) and 25, and CLDR's abbreviated and
wide day periods, in small letters without blanks and dots. A test holds the tables to CLDR.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from relay.jobs.job import UnreadableRow
from relay.language import lazy

Half = Literal["am", "pm"]

# Rows of one file stand in the order in which jobs ended; a little disorder is neither a second pass of a doubled hour
# nor a turn of the day.
DISORDER = timedelta(minutes=20)
_DISORDER_MIN = int(DISORDER.total_seconds()) // 60
_NOON = 12 * 60


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as a row writes it. `local` has the figures as they stand; `marker` is the word after them, "" for none.

    With a marker whose half is known `local` is already of the whole day, and `marker` "".
    """

    local: datetime
    marker: str = ""
    half: Half | None = None

    @property
    def minutes(self) -> int:
        return self.local.hour * 60 + self.local.minute


@lru_cache(maxsize=256)
def plain(marker: str) -> str:
    """Return a marker in the form of the tables: " сл. об." and "сл.об." are one."""
    folded = unicodedata.normalize("NFKC", marker).casefold()
    letters = "".join(one for one in folded if one.isalnum() or unicodedata.category(one).startswith("M"))
    return letters or marker.strip()


def half_of(marker: str) -> Half | None:
    """Return the half of the day that a marker means in every language that has it, None for any other word."""
    word = plain(marker)
    return "am" if word in _MORNING else "pm" if word in _AFTERNOON else None


def on_the_dial(local: datetime, half: Half) -> datetime:
    """Return a time of the 12-hour clock as one of the whole day. Raises ValueError for 0 and 13."""
    if not 1 <= local.hour <= 12:
        raise ValueError(lazy("%(hour)s is not an hour of a 12-hour clock", hour=local.hour))
    return local.replace(hour=local.hour % 12 + (12 if half == "pm" else 0))


@dataclass(frozen=True)
class DayHalves:
    """What a folder's rows tell of the markers that no table knows.

    `meant` holds a marker's half, or "none" where it stands beside hours over 12 and so says nothing. `turns` holds, by
    file, where the afternoon begins although one marker stands beside every row.
    """

    meant: Mapping[str, Half | Literal["none"]] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)

    def local(self, stamp: Stamp, file: str, position: int) -> datetime:
        """Return the time of the whole day. Raises UnreadableRow where it may be of either half."""
        if not stamp.marker:
            return stamp.local
        meant = self.meant.get(plain(stamp.marker))
        if meant == "none":
            return stamp.local
        if meant is None and file in self.turns:
            meant = "pm" if position >= self.turns[file] else "am"
        try:
            if meant is not None:
                return on_the_dial(stamp.local, meant)
        except ValueError:
            pass
        hour = f"{stamp.local:%H:%M:%S} {stamp.marker}"
        raise UnreadableRow(lazy("%(hour)s may be in the morning or in the afternoon", hour=repr(hour)))


@dataclass(frozen=True, slots=True)
class StampedRow:
    """One row's stamp and where it stands in its file."""

    position: int
    stamp: Stamp


def learnt(files: Mapping[str, Sequence[StampedRow]]) -> DayHalves:
    """Return what the rows of one folder, each file's in the order in which they stand, tell of unknown markers."""
    unknown = {plain(row.stamp.marker) for rows in files.values() for row in rows if row.stamp.marker}
    meant: dict[str, Half | Literal["none"]] = {
        plain(row.stamp.marker): "none"
        for rows in files.values()
        for row in rows
        if row.stamp.marker and not 1 <= row.stamp.local.hour <= 12
    }
    halves = {row.stamp.half for rows in files.values() for row in rows} - {None}
    open_ones = sorted(unknown - meant.keys())
    if len(open_ones) == 1 and len(halves) == 1:
        meant[open_ones[0]] = "pm" if halves == {"am"} else "am"  # the other half of the markers that are known
        return DayHalves(meant)
    votes: dict[str, set[Half]] = {}
    turns: dict[str, int] = {}
    for name, rows in files.items():
        dial = [row for row in rows if row.stamp.marker and plain(row.stamp.marker) not in meant]
        words = sorted({plain(row.stamp.marker) for row in dial})
        if len(words) == 2:
            for word, half in _in_order(dial, words).items():
                votes.setdefault(word, set()).add(half)
        elif len(words) == 1 and (turn := _turn(dial)) is not None:
            turns[name] = turn
    for word, seen in votes.items():
        if len(seen) == 1:
            meant[word] = next(iter(seen))
    return DayHalves(meant, turns)


def _in_order(rows: Sequence[StampedRow], words: Sequence[str]) -> dict[str, Half]:
    """Return which of two markers is the morning's, {} where both or neither would leave the rows in time order."""
    first, second = words
    choices: tuple[dict[str, Half], ...] = ({first: "am", second: "pm"}, {first: "pm", second: "am"})
    possible = [choice for choice in choices if _ascends(_minutes(rows, choice))]
    return possible[0] if len(possible) == 1 else {}


def _minutes(rows: Sequence[StampedRow], meant: Mapping[str, Half]) -> list[int]:
    return [row.stamp.minutes % _NOON + (_NOON if meant[plain(row.stamp.marker)] == "pm" else 0) for row in rows]


def _ascends(minutes: Iterable[int]) -> bool:
    latest = 0
    for one in minutes:
        if _falls(one, latest):
            return False
        latest = max(latest, one)
    return True


def _falls(minutes: int, latest: int) -> bool:
    return minutes < latest - _DISORDER_MIN


def _turn(rows: Sequence[StampedRow]) -> int | None:
    """Return the position of the first row after noon where the dial starts again once, None where it does not."""
    minutes = [row.stamp.minutes % _NOON for row in rows]
    latest = itertools.accumulate(minutes, max)
    first = next((at for at, (one, top) in enumerate(zip(minutes, latest, strict=True)) if _falls(one, top)), None)
    return rows[first].position if first is not None and _ascends(minutes[first:]) else None


_MORNING_WORDS = """
    a adduha ag am amvormittag an ankstāinan antemidí ap aqʼabʼil atm banhaet bn braxkndaax comme damanhã de
    delamañana delmatin dinda dop dopoldne dopołdnja dopołedniŏ eparadites eqʼ fh fm formiddag ft fọmọ́nin gh
    goöň göň günortadanöň hengihengi hh hoseng iarmade ib ibikɛ̂glà icheheavo idiɓa im isuk iđitbeaivet
    iđitbeaivi kangama karoon ki kiroko kiɛmɛ́ɛm krn kíkíríg kĩroko lb leebi lumalwak lwamilawu m ma makeo
    mambia manhã maná mat matin mañana mbaʼámbaʼ mbaꞌmbaꞌ mesong moies muhi munkyo nd ntufat ntɔ́ngɔ́ nụtụtụ
    od opensuno pagisiang pamilau paradite pd pg pgsg piopensuno prepodne priekšp priekšpusdiena
    priekšpusdienā priešpiet prijepodne prīškpušdīnē qn rn rw rũ sa saaku safiya sf sokallim soodo sub subaka
    subbaahi sárúwá taparachu tesiran tifawt to too uhrvörmiddaachs ulloqeqqatatungaa uluchelo utuko vaasisu
    vm vorm vormittag vörmeddaach wd wichishu yb zdatazal zmu àárɔ̀ àárọ̀ ç̌um ç̌umaneri öö ĩyakwakya ŋdi
    ǁgoagas ɛnkakɛnyá ʊshilèkʊboɖu πμ ϧⲙ ам апоўначы дп ку обедтэикеле преподне претпл претпладне пријеподне
    проб таңкы то тң эи үө ӕмбисбоныразмӕ לפנהצ פֿאַרמיטאָג اےایم بن تد ص صباحا صباحًا صبح صبحمنجهند عم غم
    قبلازظهر قظ پظ پیشزظهر چب چۈشتىنبۇرۇن ܩܛ ߛ एएम तडके दुपहरब्रोंठ पूर्वाह्न फुं भोर भ्यागा मंझंदिकापहिंरो
    येएम सकाळीं सबेरे सवेर सुबुहजा এএম নুমাং পূৰ্বাহ্ন ਪੂਦੁ ଏଏମ முற்பகல் ఎఎమ్ ಪೂರ್ವಾಹ್ನ පෙව ก่อนเที่ยง
    ກ່ອນທ່ຽງ སྔཆ སྔདྲོ တွၼ်ႈၸဝ်ႉ တၸ နံနက် ማለዶ ቀደምሰርምዕል ቅቀ ቅድመፍርቂመዓልቲ ጥዋት ጽባሕ ፋዱስጃብ ᏌᎾᎴ ᐁᒼ ᐊᒼ ᠦᠥ ᱥᱮᱛᱟᱜ ⵜⵉⴼⴰⵡⵜ
    上午 上昼 上晝 午前 ꎸꄑ 오전 𐐰𐑋 𐑨𐑥 𞤢𞤰
"""
_AFTERNOON_WORDS = """
    ak akasuba aluula amnamittag anw banringzgvaq baubaukndaax carra ch chilo cɛɛ́nko datarde delatarde desira
    dilolo du ea eahketbeaivet eahketbeaivi eb ebongi ebyámu efiafi eftermade eh eigulo em ep epasdites
    ettermiddag ew f fi fọívnin gd gm gosoň gsoň günortadansoň hawwaro hwaĩinĩ ichamthi in iɓugajɔp kbʼeqʼij
    kikiiɗe kingoto kisɛ́ndɛ koosk kooskoliny kugú kyiukonyi lilli lk lumalwap makaaripi mchochill md mo mog
    mpókwa muu nabali nabalị nachm nam namittag ncwònzém ngo ngəgógəle nm nommendaach nomëttes ntmeddit
    nyiaghuo odp ondğ ondğeri ot p pamunyi papussideinan pasdite pashamihe piecpušdīnē pinisuno pipinisuno pm
    pn pop popiet popodne popoldne popołdnju popołedniu posmidí ptg ptm pēcp pēcpusd pēcpusdiena pēcpusdienā
    sanje shwane sn soir sorémalem srmlm tadggwat tarde teipa thapama tk tŋ uhrnommendaachs uk
    ulloqeqqatakingorna wb wengi wn wótp wótpołdnja yamma yh ym zaarikayb zd zmw ös ĩyawĩoo ŋkambɔ́tnji ũg
    ǃuias ɔ̀sán ɛndámâ ɣetrɔ ʊshilèkʊsasʊ μμ апоўдні кх обедтэмейле пм попл попладне поподне послијеподне пп
    слоб тк түштөнкийинки эк үх ӕмбисбоныфӕстӕ אחהצ נאָכמיטאָג بظ بعدازظهر بعدزظهر تك دن شام غو م مساء مساءً
    منجهندشام پیپی چك چۈشتىنكېيىن ܒܛ ߥ अपराह्न दपेहरासंजा दपैहरबाद दुपहरपतॖ पीएम बाददपैहर बेलासे मंझंदिकोपोए
    शामजा सञ सांजे सांझ सांम অপৰাহ্ন পিএম ਬਾਦੁ ପିଏମ பிற்பகல் పిఎమ్ ಅಪರಾಹ್ನ පව หลังเที่ยง ຫຼັງທ່ຽງ ཕྱིཆ ཕྱིདྲོ
    ညနေ တလ တွၼ်ႈလႃႈ ሓቆስርምዕል ምሴት ቃማ ከሰዓት ደሕረፍርቀመዓልቲ ድቀ ፋዱስደምቢ ᏒᎯᏱᎢ ᏒᎯᏱᎢᏗᏢ ᐲᒼ ᠦᠬᠣ ᱧᱤᱫᱟᱹ ḍeffiraza ọ̀sán ⲙⲙ
    ⵜⴰⴷⴳⴳⵡⴰⵜ 下午 下昼 下晝 午後 ꁯꋒ 오후 𐐹𐑋 𐑐𐑥 𞤩𞤰
"""
_MORNING, _AFTERNOON = frozenset(_MORNING_WORDS.split()), frozenset(_AFTERNOON_WORDS.split())
