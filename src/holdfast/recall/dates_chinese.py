"""Chinese words for times, simplified; what is read is simplified first."""

from __future__ import annotations

from holdfast.recall.dates_words import DAY, YEAR, Grammar, any_of, group, named, numbered

__all__ = ["GRAMMAR", "SIMPLIFIED"]

SIMPLIFIED = str.maketrans("週個後過號兩這禮幾從從內時間點", "周个后过号两这礼几从从内时间点")
"""Characters of these words as they are written in Taiwan and Hong Kong."""

_NUMBERS = "一 二/两 三 四 五 六 七 八 九 十 十一 十二"
_MONTHS = {f"{name}月": at for name, at in numbered(_NUMBERS, 1).items() if name != "两"}
_MONTHS |= {f"{at}月": at for at in range(1, 13)} | {f"{at:02d}月": at for at in range(1, 10)}
_DAYS_OF_WEEK = numbered("一 二 三 四 五 六 日/天")
_WEEKDAYS = {week + day: at for week in ("周", "星期", "礼拜") for day, at in _DAYS_OF_WEEK.items()}
_SEASONS = {
    season + end: first
    for season, first in {"春": 3, "夏": 6, "秋": 9, "冬": 12}.items()
    for end in ("天", "季")
}
_UNITS = named(
    {
        "hour": "小时 个小时 钟头 个钟头",
        "day": "天 日",
        "week": "周 星期 个星期 礼拜 个礼拜",
        "weekend": "周末 个周末",
        "month": "个月",
        "year": "年",
    }
)
_SPANS = named({"week": "周 星期 礼拜", "weekend": "周末", "month": "月 个月"})
_WHICH = {
    "上": -1,
    "上个": -1,
    "上一个": -1,
    "这": 0,
    "这个": 0,
    "本": 0,
    "下": 1,
    "下个": 1,
    "下一个": 1,
    "去": -1,
    "今": 0,
    "明": 1,
    "前": -2,
}
_COUNTS = {**numbered(_NUMBERS, 1), "半": 0.5}
_VAGUE = {"几": 3.0, "好几": 4.0, "数": 4.0}
_DAYS = {
    "今天": 0,
    "今日": 0,
    "今早": 0,
    "今晚": 0,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "昨夜": -1,
    "前天": -2,
    "大前天": -3,
    "明天": 1,
    "明日": 1,
    "后天": 2,
}
_TENS = ("", "十", "二十", "三十")
_NUMERALS = {
    tens + one: 10 * ten + at
    for ten, tens in enumerate(_TENS)
    for at, one in enumerate(("", "一", "二", "三", "四", "五", "六", "七", "八", "九"))
    if 0 < 10 * ten + at <= 31
}
_COUNT = rf"(?P<count>\d{{1,4}}|{any_of({**_COUNTS, **_VAGUE})})\s*"
_UNIT, _SPAN, _WEEKDAY = group("unit", _UNITS), group("unit", _SPANS), group("weekday", _WEEKDAYS)
_MONTH, _SEASON = group("month", _MONTHS), group("season", _SEASONS)
_DAY = rf"(?P<day>{DAY}|{any_of(_NUMERALS)})"
_THE_YEAR = rf"(?:{YEAR}年|(?P<years>去|今|明|前)年)的?"
# What only looks like one: "早上月亮" is the moon in the morning, "一周一次" once a week,
# "上星期天气" last week's weather, "目前年轻人" young people now, "五月天" a band.
_STEPS = any_of(word for word in _WHICH if word not in "去今明前")
_THAT = rf"(?<![早晚马网身天地路手船车海一])(?P<which>{_STEPS})"
_NO_NUMBER = r"(?<![\d一二两三四五六七八九十每几])"

GRAMMAR = Grammar(
    months=_MONTHS,
    weekdays=_WEEKDAYS,
    seasons=_SEASONS,
    units=_UNITS | _SPANS,
    which=_WHICH,
    counts=_COUNTS,
    vague=_VAGUE,
    days=_DAYS,
    numerals=_NUMERALS,
    patterns=(
        (rf"{_NO_NUMBER}(?:{_THE_YEAR})?{_MONTH}份?的?{_DAY}[日号]", "on date"),
        (rf"{_THE_YEAR}{_MONTH}份?", "in month"),
        (rf"{_NO_NUMBER}{_MONTH}份?(?![天一])", "in month"),
        (rf"(?:{_THE_YEAR}|在|从|自){_SEASON}", "in season"),
        (rf"{_COUNT}{_UNIT}(?:之前|以前|前)(?![往面台方])", "ago"),
        (rf"(?:最近|过去|近)(?:的|这)?\s*{_COUNT}{_UNIT}", "stretch"),
        (rf"{_THAT}{_WEEKDAY}(?!气)", "weekday of week"),
        (rf"{_THAT}{_SPAN}(?![亮杰])", "which unit"),
        (r"(?<![目之以空])(?P<which>去|今|明|前)(?P<unit>年)(?![级轻龄])", "which unit"),
        (rf"{_NO_NUMBER}{_WEEKDAY}(?![次个气])", "on weekday"),
        (rf"(?<![之以目]){group('word', _DAYS)}", "relative day"),
        (rf"{YEAR}年", "in year"),
    ),
    spaced=False,
)
