"""Regular expressions that people write: run by RE2, and said to PostgreSQL in its own words.

RE2 takes time linear in the text, whatever the pattern. PostgreSQL's dialect differs in small
things (what `.`, `\\d` and `{` mean), so a pattern is taken apart and written anew for it. What
has no equal counterpart is refused when the rule is written, not when it runs.
"""

import re
from dataclasses import dataclass

import re2
from django.utils.translation import gettext as _

MAX_LENGTH = 200
# PostgreSQL's highest repetition count.
_MAX_REPEAT = 255
_MAX_MEMORY = 4 * 1024 * 1024
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_CONTROLS = {"n": "\\n", "t": "\\t", "r": "\\r", "f": "\\f"}
_BRACES = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}", re.ASCII)


class BadPattern(ValueError):
    """The pattern cannot be used; the text says why."""


@dataclass(frozen=True)
class UserPattern:
    """A pattern that is safe to run on any text."""

    text: str
    postgres: str
    ignores_case: bool

    def found_in(self, text: str) -> bool:
        return _compiled(self.text).search(text) is not None


def user_pattern(text: str) -> UserPattern:
    """Check a pattern and translate it. Raises BadPattern with a sentence."""
    if not 0 < len(text) <= MAX_LENGTH:
        raise BadPattern(_("正则表达式须为 1 到 {most} 个字符。").format(most=MAX_LENGTH))
    try:
        _compiled(text)
    except re2.error:
        raise BadPattern(_("不是有效的正则表达式（不支持环视和反向引用）。")) from None
    ignores_case = text.startswith("(?i)")
    return UserPattern(text, _Translation(text[4:] if ignores_case else text).run(), ignores_case)


def _compiled(text: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    return re2.compile(text, options)


class _Translation:
    """One pass over a pattern that RE2 has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        # Whether a repetition may follow: not at the start, after ( | ^ $ or after another one.
        self._repeatable = False

    def run(self) -> str:
        while self._at < len(self._text):
            self._step()
        return "".join(self._out)

    def _step(self) -> None:
        character = self._text[self._at]
        if character == "\\":
            self._emit(self._escape(inside=False), 2, repeatable=True)
        elif character == "[":
            self._bracket()
        elif character == "(":
            self._group()
        elif character in "*+?{":
            self._repetition(character)
        elif character == ".":
            self._emit("[^\\n]", 1, repeatable=True)
        elif character in "^$|":
            self._emit(character, 1, repeatable=False)
        else:
            self._emit("\\" + character if character in "}]" else character, 1, repeatable=True)

    def _emit(self, piece: str, width: int, *, repeatable: bool) -> None:
        self._out.append(piece)
        self._at += width
        self._repeatable = repeatable

    def _escape(self, *, inside: bool) -> str:
        letter = self._text[self._at + 1]
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in _CLASSES:
            return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
        if letter.lower() in _CLASSES and not inside:
            return f"[^{_CLASSES[letter.lower()]}]"
        if letter.isalnum() or not letter.isascii():
            raise BadPattern(_("不支持 \\{letter}。").format(letter=letter))
        return "\\" + letter

    def _group(self) -> None:
        if self._text.startswith("(?:", self._at):
            self._emit("(?:", 3, repeatable=False)
        elif self._text.startswith("(?", self._at):
            raise BadPattern(_("括号后的 ? 只支持 (?:…)，以及放在最前面的 (?i)。"))
        else:
            self._emit("(", 1, repeatable=False)

    def _repetition(self, character: str) -> None:
        braces = _BRACES.match(self._text, self._at)
        if character == "{" and braces is None:
            self._emit("\\{", 1, repeatable=True)
            return
        if not self._repeatable:
            raise BadPattern(_("{mark} 前面没有可以重复的内容。").format(mark=character))
        if braces and any(int(count) > _MAX_REPEAT for count in (braces[1], braces[3]) if count):
            raise BadPattern(_("重复次数不能超过 {most}。").format(most=_MAX_REPEAT))
        piece = braces[0] if braces else character
        lazy = self._text.startswith("?", self._at + len(piece))
        self._emit(piece + "?" * lazy, len(piece) + lazy, repeatable=False)

    def _bracket(self) -> None:
        negated = self._text.startswith("[^", self._at)
        self._out.append("[^" if negated else "[")
        self._at += 2 if negated else 1
        first = True
        while first or self._text[self._at] != "]":
            self._bracket_member()
            first = False
        self._emit("]", 1, repeatable=True)

    def _bracket_member(self) -> None:
        """One class, one character or one range of characters."""
        if self._text[self._at] == "\\" and self._text[self._at + 1] in _CLASSES:
            self._emit(self._escape(inside=True), 2, repeatable=False)
            return
        self._bracket_character()
        if self._text[self._at] == "-" and self._text[self._at + 1] != "]":
            self._emit("-", 1, repeatable=False)
            self._bracket_character()

    def _bracket_character(self) -> None:
        character = self._text[self._at]
        if character == "\\":
            self._emit(self._escape(inside=True), 2, repeatable=False)
        elif self._text.startswith("[:", self._at):
            raise BadPattern(_("方括号中不支持 [:…:]。"))
        else:
            plain = character.isalnum() or not character.isascii()
            self._emit(character if plain else "\\" + character, 1, repeatable=False)
