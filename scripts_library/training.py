"""Learning from a file which script or article belongs to which message."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.ranking.counting import recount
from core.ranking.models import ExampleSource
from core.rowfiles import FileRow, text_of
from knowledge.models import Article
from knowledge.search import ARTICLES
from knowledge.services import learn_articles
from scripts_library.models import ScriptTemplate
from scripts_library.services import learn_scripts
from scripts_library.suggestion import SCRIPTS

TEXT_LIMIT = 20_000

Named = TypeVar("Named")


@dataclass
class TrainingReport:
    """How many messages were learned for scripts and articles; `errors` are (line, sentence)."""

    scripts: int = 0
    articles: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def train(*, rows: Iterable[FileRow], collection: str) -> TrainingReport:
    """Learn the good rows {"text", "script"?: key, "article"?: doc_id}; the same file again changes nothing."""
    report = TrainingReport()
    scripts = {script.key: script for script in ScriptTemplate.objects.only("pk", "key")}
    articles = {article.key: article for article in Article.objects.filter(collection=collection).only("pk", "key")}
    for_scripts: list[tuple[str, ScriptTemplate]] = []
    for_articles: list[tuple[str, Article]] = []
    for row in rows:
        try:
            if row.error:
                raise InvalidInput(row.error)
            text = text_of(row, "text", limit=TEXT_LIMIT)
            script, article = _named(row, "script", scripts), _named(row, "article", articles)
            if script is None and article is None:
                raise InvalidInput(_("请给出 script 或 article。"))
        except InvalidInput as refused:
            report.errors.append((row.line, refused.message))
            continue
        if script is not None:
            for_scripts.append((text, script))
        if article is not None:
            for_articles.append((text, article))
    if for_scripts:
        report.scripts = learn_scripts(pairs=for_scripts, source=ExampleSource.TRAINED)
        recount(SCRIPTS)
    if for_articles:
        report.articles = learn_articles(pairs=for_articles, source=ExampleSource.TRAINED)
        recount(ARTICLES)
    return report


def _named(row: FileRow, name: str, known: dict[str, Named]) -> Named | None:
    key = text_of(row, name, limit=100, required=False)
    if not key:
        return None
    if key not in known:
        raise InvalidInput(_("%(name)s：没有编号“%(key)s”。") % {"name": name, "key": key})
    return known[key]
