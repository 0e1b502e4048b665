"""Postal addresses: chains of places, roads, buildings and house numbers.

A chain starts at a province, a city or a named place and grows component by component. It counts when
its components together are specific enough: "浙江省杭州市" alone is not personal, "文三路12号3幢" is.
"""

import re
from collections.abc import Iterator

import rjieba

from core.language._places import CITIES, PROVINCE_SUFFIXES, PROVINCES
from core.language._spans import Span

# Longer chains are not addresses but pasted lists; the limit also bounds the work.
LENGTH_LIMIT = 120
# Characters that no place name holds: verbs of moving, pronouns, particles (with the exceptions names do hold).
_STOP = (
    r"[到在从是往至去来给寄送址的了我你您他她它吗呢吧啊哦这那或把被改为要想不没请说让就]"
    r"|(?<!开)发(?!展)|有(?!限)|可(?!可)|能(?!源)|会(?!稽|展|议|馆|所)|回(?!民|龙|族)"
)
_NAME = rf"(?:(?!{_STOP})[\u4e00-\u9fff])"
_NAME_START = re.compile(_NAME)
_NUMBER = r"(?:[0-9０-９]{1,6}|[A-Za-zＡ-Ｚ]{1,2}[0-9]{0,5}|[一二三四五六七八九十百两]{1,4})"

# "北京东路" and "南京大学" are a road and a school, not a city.
_NOT_A_CITY = r"(?![东南西北中]?(?:[一二三四]?路|街|大道|大街|大厦|饭店|医院|大学|银行))"
_PROVINCE = re.compile(
    rf"(?:{'|'.join(sorted(PROVINCES, key=len, reverse=True))})(?:{PROVINCE_SUFFIXES})?{_NOT_A_CITY}"
)
_KNOWN_CITY = re.compile(
    rf"(?P<name>{'|'.join(sorted(CITIES, key=len, reverse=True))})(?P<suffix>市|地区|自治州|州|盟)?{_NOT_A_CITY}"
)

_POI_WORDS = (
    "小区|花园|家园|公寓|新村|广场|大厦|大楼|公司|集团|工厂|商店|超市|酒店|宾馆|饭店|医院|学院|大学|中学|小学|学校|幼儿园"
    "|研究所|市场|商场|商城|购物中心|中心|工业区|工业园区|工业园|产业园|创业园|科技园|软件园|园区|开发区|物流|仓库|银行"
    "|分理处|派出所|法院|检察院|车管所|管委会|警务室|项目部|宿舍|别墅|山庄|名苑|名城|新城|豪庭|华庭|公馆|国际|印染|皮具"
    "|制衣|服饰|电商|网吧|药店|菜场|基地|车站|火车站|地铁站|码头|机场|营业厅|电信|邮局|供销社|村委会|居委会|委员会"
    "|(?:局|厂|店|苑|园|城|府|居|庭|轩|邸|阁|湾|郡)(?![路街道镇乡村区市园苑巷东西南北中大])"
)
_UNITS = "号楼|号院|号馆|栋|幢|座|单元|室|楼|层|弄|门|户|房|铺|馆|排|#楼|#"
_ROADS = "大道|大街|公路|支路|环路|中路|东路|西路|南路|北路|路|街(?!道)|巷|胡同|弄|堰|兜"
_PLAIN_NUMBER = r"[0-9０-９]{1,6}(?:[-—/、][0-9０-９]{1,6}){0,4}号?(?:附[0-9]{1,3}号)?"
_NUMBERED = r"[一二三四五六七八九十]{1,2}(?:期|区|组|社|队|段)|[0-9]{1,3}(?:期|区|组|社|队|段|街)"

# (level, weight, pattern); tried in this order at each place of the chain.
_PATTERNS: tuple[tuple[str, float, str], ...] = (
    ("house", 1.5, rf"[#第]?{_NUMBER}(?:[-—/、]{_NUMBER}){{0,3}}(?:{_UNITS})"),
    ("number", 1.0, rf"{_PLAIN_NUMBER}|{_NUMBER}号|{_NUMBERED}|[A-Za-z](?![A-Za-z])[0-9]{{0,5}}区?"),
    ("city", 1.0, rf"{_NAME}{{2,5}}?(?:市|自治州)(?!场)"),
    ("district", 1.0, rf"{_NAME}{{1,5}}?(?<![小园业社发])(?:新区|区|县|自治县|旗)(?!域)"),
    ("town", 2.0, rf"{_NAME}{{1,6}}?(?:街道(?:办事处)?|镇|乡|苏木)"),
    ("road", 2.0, rf"{_NAME}{{1,8}}?[0-9]{{0,2}}(?:{_ROADS})(?:[东南西北中]段)?"),
    ("village", 1.5, rf"{_NAME}{{1,7}}?(?:自然村|新村|村|社区|屯|[一二三四五六七八九十]组)"),
    ("poi", 1.0, rf"{_NAME}{{0,12}}?(?:{_POI_WORDS})(?:[东南西北]门|[A-Za-z]?区)?"),
    # A name without a kind counts when a house number follows: "下骆宅3区".
    ("name", 1.0, rf"{_NAME}{{1,6}}?(?=[0-9]{{1,4}}(?:号|栋|幢|区|单元|弄|期)|[0-9]{{3,6}}$)"),
)
_COMPONENTS = tuple((level, re.compile(pattern)) for level, _, pattern in _PATTERNS)
_WEIGHTS = {level: weight for level, weight, _ in _PATTERNS}
_FINE = frozenset({"house", "number", "town", "road", "village", "poi"})

_PIECE = re.compile(r"[^\s，。！？；,!?;:：\[\]【】(（)）\"“”~～…|<>《》]+")
_LABEL = re.compile(r"(?:地址|住址|所在地区?|住在|家住|[寄发送](?:到|往|至))[是为:： ]*$")
# The rest of a clause belongs to the address when it is this short and reads like a name.
_TAIL = re.compile(rf"(?:{_NAME}|[A-Za-z0-9０-９#-]){{1,6}}$")
_THRESHOLD, _LABELLED_THRESHOLD = 3.0, 2.0
# Parts of speech that cannot begin a place name: verbs, pronouns, particles, adverbs, time words.
_NO_START = ("v", "r", "u", "d", "t", "p", "c", "y", "e", "o", "x", "a", "q")


def find_addresses(text: str) -> Iterator[Span]:
    """Addresses in order of appearance."""
    pieces = _PIECE.finditer(text)
    piece = next(pieces, None)
    position = 0
    for start in _possible_starts(text):
        while piece is not None and piece.end() <= start:
            piece = next(pieces, None)
        if piece is None:
            return
        if not max(position, piece.start()) <= start < piece.end() - 3:
            continue
        limit = min(piece.end(), start + LENGTH_LIMIT)
        end = _address_end(text, start, limit)
        if end:
            yield Span(_own_start(text, start, piece.start(), limit), end, "ADDRESS")
            position = end


def _possible_starts(text: str) -> list[int]:
    """Word starts that may begin a place, and every place where a province or city is named."""
    found = {match.start() for pattern in (_PROVINCE, _KNOWN_CITY) for match in pattern.finditer(text)}
    position = 0
    for word, speech in rjieba.tag(text):
        if not speech.startswith(_NO_START) and _NAME_START.match(word):
            found.add(position)
        position += len(word)
    return sorted(found)


def _address_end(text: str, start: int, limit: int) -> int | None:
    """Where the chain of components that begins at `start` ends, or None when it is not an address."""
    labelled = _LABEL.search(text[max(0, start - 8) : start]) is not None
    score, seen, position = 0.0, set[str](), start
    for level, end in _chain(text, start, limit):
        if level == "province" and position > start:
            return None
        if level != "number" or level not in seen:
            score += _WEIGHTS.get(level, 1.0)
        seen.add(level)
        position = end
    if not seen & _FINE or score < (_LABELLED_THRESHOLD if labelled else _THRESHOLD):
        return None
    tail = _TAIL.match(text[position:limit])
    return limit if tail else position


def _own_start(text: str, start: int, clause_start: int, limit: int) -> int:
    """Skip a bare city name inside a sentence ("从成都瑞安市…") when the address stands without it.

    A city alone is not personal, and in messages it often says where the parcel is, not where it goes.
    """
    city = _KNOWN_CITY.match(text, start, limit)
    if city and start > clause_start and not city["suffix"] and _address_end(text, city.end(), limit):
        return city.end()
    return start


def _chain(text: str, start: int, limit: int) -> Iterator[tuple[str, int]]:
    """(level, end) of each component that follows the one before without a gap."""
    position, coarse = start, True
    while position < limit:
        step = _region_at(text, position, limit) if coarse else None
        step = step or _component_at(text, position, limit, first=position == start)
        if step is None:
            return
        yield step
        position = step[1]
        coarse = coarse and step[0] not in _FINE


def _region_at(text: str, position: int, limit: int) -> tuple[str, int] | None:
    for level, pattern in (("province", _PROVINCE), ("city", _KNOWN_CITY)):
        match = pattern.match(text, position, limit)
        if match and match.end() < limit:
            return level, match.end()
    return None


def _component_at(text: str, position: int, limit: int, *, first: bool) -> tuple[str, int] | None:
    """The shortest component here, so that names do not swallow their neighbours; of house numbers the longest."""
    found: list[tuple[int, str, int]] = []
    for level, pattern in _COMPONENTS:
        match = pattern.match(text, position, limit)
        if match is None or (first and level in {"house", "number", "name"}):
            continue
        if level in {"house", "number"}:
            found.append((-match.end(), level, match.end()))
        else:
            found.append((match.end(), level, match.end()))
    if not found:
        return None
    _, level, end = min(found)
    return level, end
