"""Separates what somebody wrote now from the earlier messages quoted below it."""

import re

_SEPARATOR = re.compile(
    r"^\s*(?:-{2,}|_{5,})\s*(?:原始邮件|原始郵件|原邮件|回复的原邮件|Original Message|Original|Ursprüngliche Nachricht)"
    r"\s*:?\s*(?:-{2,}|_{5,})?\s*$",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"^\s*(?:>\s*)?(?:"
    r"(?:On|At|Am|Le)\s.{4,250}?(?:wrote|schrieb|a écrit)\s*[:：]?"
    r"|(?:在|于)?.{0,200}?(?:\d{4}|\d{1,2}:\d{2}|@).{0,200}?(?:写道|寫道|写到|来信)\s*[:：]"
    r")\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^\s*[*>]*\s*(发件人|寄件者|寄件人|From|Von)\**\s*[:：]", re.IGNORECASE)
_HEADER_BELOW = re.compile(
    r"^\s*[*>]*\s*(发送时间|发送日期|傳送時間|寄件日期|日期|时间|收件人|收件者|主题|主旨|Sent|Date|To|Subject|Gesendet)\**\s*[:：]",
    re.IGNORECASE,
)
_SAID = re.compile("wrote|schrieb|écrit|写道|寫道|写到|来信", re.IGNORECASE)
_LONGEST_LINE = 600
_MOST_LINES = 5_000


def fold_history(text: str) -> str:
    """The text without the quoted history at its end; all of it when answers stand between the quotes."""
    lines = text.split("\n")
    start = _history_start(lines)
    if start is None:
        return text
    above = "\n".join(lines[:start]).strip()
    if above:
        below = _after_quotes(lines[start:])
        # Something of their own below the quotation: they answered in between, which needs the quotation.
        return text if below else above
    return _after_quotes(lines[start:]) or text


def _history_start(lines: list[str]) -> int | None:
    quoted_to_the_end = _quoted_tail(lines)
    for index, line in enumerate(lines[:_MOST_LINES]):
        if len(line) > _LONGEST_LINE:
            continue
        if _SEPARATOR.match(line) or _is_header_block(lines, index) or _is_attribution(lines, index):
            return index
        if index == quoted_to_the_end and line.startswith(">"):
            return index
    return None


def _quoted_tail(lines: list[str]) -> int:
    """Where the quoted lines begin that reach to the end."""
    start = len(lines)
    while start and (lines[start - 1].startswith(">") or not lines[start - 1].strip()):
        start -= 1
    return next((index for index in range(start, len(lines)) if lines[index].startswith(">")), len(lines))


def _is_attribution(lines: list[str], index: int) -> bool:
    """ "On … wrote:" on one line, or wrapped over up to three."""
    if not lines[index].strip():
        return False
    for size in (1, 2, 3):
        joined = " ".join(line.strip() for line in lines[index : index + size])
        if len(joined) <= _LONGEST_LINE and _SAID.search(joined) and _ATTRIBUTION.match(joined):
            # A wrapped one starts here, not on the line of text before it.
            return size == 1 or re.match(r"\s*(>\s*)?(On|At|Am|Le|在|于|\d{4})", lines[index]) is not None
    return False


def _is_header_block(lines: list[str], index: int) -> bool:
    if not _HEADER.match(lines[index]):
        return False
    following = [line for line in lines[index + 1 : index + 8] if line.strip()][:4]
    return sum(bool(_HEADER_BELOW.match(line)) for line in following) >= 2


def _after_quotes(lines: list[str]) -> str:
    """What stands below a quotation marked by ">"; empty when the rest is history without such marks."""
    first = next((index for index, line in enumerate(lines) if line.startswith(">")), None)
    if first is None or first > 4:
        return ""
    return "\n".join(line for line in lines[first:] if not line.startswith(">")).strip()
