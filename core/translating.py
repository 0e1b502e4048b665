"""The sentences of the product and their translations, kept in step without the system's gettext.

Sentences are written in Chinese in the code, so only English needs a catalogue. A sentence is found
wherever a translation function of Django is called by its name or by the name it was imported under,
inside f-strings too, and in every template.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

# Which arguments hold the context (c) and the sentences, in order.
FUNCTIONS = {
    "gettext": "1",
    "gettext_lazy": "1",
    "gettext_noop": "1",
    "ngettext": "12",
    "ngettext_lazy": "12",
    "pgettext": "c1",
    "pgettext_lazy": "c1",
    "npgettext": "c12",
    "npgettext_lazy": "c12",
}
TEMPLATE_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SKIPPED_FOLDERS = {"migrations", "static", "__pycache__", "node_modules", "tests"}
TEMPLATE_ENDINGS = {".html", ".txt"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*(?:[!:][^{}]*)?\}")
# No date: the file changes only when a sentence does.
HEAD = r"""# English for the product's own sentences, which are written in Chinese.
msgid ""
msgstr ""
"Project-Id-Version: Kean\n"
"Language: en\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


class Sentence:
    """One msgid as found: singular or (singular, plural), with its context and the file it stands in."""

    def __init__(self, *, words: tuple[str, ...], context: str | None, file: str) -> None:
        self.words = words
        self.context = context
        self.file = file

    @property
    def msgid(self) -> str | tuple[str, ...]:
        return self.words if len(self.words) > 1 else self.words[0]


def catalogue_path(language: str = "en") -> Path:
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"


def find_sentences() -> list[Sentence]:
    """Every sentence of our own apps, tests and packages of others left out."""
    found: list[Sentence] = []
    for path in _files():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        source = path.read_text("utf-8")
        found.extend(in_python(source, name) if path.suffix == ".py" else in_template(source, name))
    return found


def _files() -> list[Path]:
    base = Path(settings.BASE_DIR)
    tops = {base / Path(app.path).relative_to(base).parts[0] for app in apps.get_app_configs() if _is_ours(app.path)}
    files: list[Path] = []
    for top in tops:
        for path in top.rglob("*"):
            inner = path.relative_to(top)
            is_template = path.suffix in TEMPLATE_ENDINGS and "templates" in inner.parts
            if (path.suffix == ".py" or is_template) and not SKIPPED_FOLDERS.intersection(inner.parts):
                files.append(path)
    return sorted(files)


def _is_ours(path: str) -> bool:
    base = Path(settings.BASE_DIR)
    return Path(path).is_relative_to(base) and not Path(path).relative_to(base).parts[0].startswith(".")


def in_python(source: str, file: str) -> Iterator[Sentence]:
    tree = ast.parse(source)
    names = dict(FUNCTIONS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {a.asname: FUNCTIONS[a.name] for a in node.names if a.asname and a.name in FUNCTIONS}
    for node in ast.walk(tree):
        yield from _description(node, file)
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            order = names.get(str(called))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if order and len(texts) >= len(order):
                context = texts.pop(0) if order.startswith("c") else None
                yield Sentence(words=tuple(texts[: len(order.lstrip("c"))]), context=context, file=file)


def _description(node: ast.AST, file: str) -> Iterator[Sentence]:
    """A docstring in Chinese: only those of the interface are, and they become the OpenAPI document's descriptions."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        words = ast.get_docstring(node) or ""
        if words.endswith("。"):
            yield Sentence(words=(words,), context=None, file=file)


def in_template(source: str, file: str) -> Iterator[Sentence]:
    # Outside its calls the result is no Python; without indentation its tokens can be read nonetheless.
    lines = [line.strip() for line in templatize(source, origin=file).splitlines()]
    code = io.BytesIO("\n".join(lines).encode())
    for _line, msgid, _comments, context in extract("python", code, TEMPLATE_KEYWORDS, options={"encoding": "utf-8"}):
        words = (msgid,) if isinstance(msgid, str) else tuple(msgid)
        yield Sentence(words=words, context=context, file=file)


def read_catalogue(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as source:
        return read_po(source, locale="en")


def update(path: Path) -> Catalog:
    """Write the catalogue anew: every sentence of today, with the translation it already had."""
    old = read_catalogue(path)
    new = Catalog(locale="en", fuzzy=False)
    for sentence in find_sentences():
        new.add(sentence.msgid, locations=[(sentence.file, 0)], context=sentence.context)
    for message in new:
        if message.id:
            message.locations = sorted(set(message.locations))
            known = old.get(_key(message), message.context)
            if known is not None and isinstance(known.string, str) == isinstance(message.id, str):
                message.string, message.flags = known.string, known.flags & {"fuzzy"} | message.flags
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        target.write(HEAD.encode())
        write_po(target, new, width=120, sort_by_file=True, include_lineno=False, omit_header=True)
    return new


def faults(path: Path) -> list[str]:
    """What keeps the catalogue from being complete, one sentence each; empty when nothing does."""
    catalogue, found = read_catalogue(path), []
    seen: set[tuple[str, str | None]] = set()
    for sentence in find_sentences():
        key = (sentence.words[0], sentence.context)
        if key in seen:
            continue
        seen.add(key)
        if catalogue.get(*key) is None:
            found.append(f"{sentence.file}: 目录中没有 {sentence.words[0]!r}")
    for message in catalogue:
        if message.id:
            found.extend(f"{_where(message)}: {fault}" for fault in _message_faults(message))
            if (_key(message), message.context) not in seen:
                found.append(f"{_where(message)}: 已不再使用 {_key(message)!r}")
    return found


def _message_faults(message: Message) -> Iterator[str]:
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    needed = 1 if isinstance(message.id, str) else 2
    if len(forms) != needed or not all(form.strip() for form in forms):
        yield f"没有译文 {_key(message)!r}"
        return
    if message.fuzzy:
        yield f"译文待核对 {_key(message)!r}"
    wanted = placeholders(_key(message))
    for index, form in enumerate(forms):
        # "One ticket" may leave the number out.
        may_lack = needed == 2 and index == 0
        given = placeholders(form)
        if given != wanted and not (may_lack and given <= wanted):
            yield f"占位符不一致 {_key(message)!r}: {form!r}"


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _where(message: Message) -> str:
    return message.locations[0][0] if message.locations else "django.po"
