"""Answering a question from the published articles, or saying that there is no sure answer.

Ranking finds the candidates; whether the best of them answers the question is judged apart from it,
because a rank says nothing about "none of them":
* coverage: the share of the question's content words (weighted by length) that the article holds;
* title: the share of the title's content words that the question holds or the other way round, whichever is more.
Confidence = coverage · (0.4 + 0.6 · title). Chosen on questions written for the sample articles: right
articles lie above the threshold, questions that no article answers below it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.language.segmentation import fold, words
from knowledge.choices import Audience
from knowledge.models import Article, ArticleVersion
from knowledge.search import search_articles

CONFIDENT = 0.45
CANDIDATES = 5
QUESTION_LENGTH = 500

# What people wrap a question in; it says nothing about the matter.
_WRAPPING = re.compile(
    "请问一下|请问|问一下|想问|咨询一下|咨询|麻烦|您好|你好|在吗|在么|亲|谢谢|感谢|帮我|帮忙|告诉我|我想|我要|想要|"
    "可不可以|能不能|是不是|有没有|可以|如果|怎么办理|怎么办|怎么样|怎么|怎样|如何|什么时候|多长时间|为什么|什么|哪里|哪儿|"
    "你们家|你们|我们|咱们|他们|这个|那个|这款|这里|一下|东西|商品|产品|已经|还是|现在|需要|一般|的话|不了|是否"
)
_FILLER = frozenset(
    """
    的 了 吗 呢 啊 呀 吧 么 嘛 我 你 您 他 她 它 们 是 在 有 和 与 或 就 都 也 还 很 给 把 被 要 想 能 会 可 请
    这 那 个 说 让 到 去 来 再 对 从 以 及 为 上 下 里 中 后 前 时 多 大 小 几 哪 谁 不 没 没有
    a an the is are do does how what when where can i my you your to of for in on it me please
    """.split()  # noqa: SIM905 (eighty words read better as text)
)


@dataclass(frozen=True)
class Answer:
    """The live version of a published article that answers a question, and how sure that is (0 to 1)."""

    version: ArticleVersion
    confidence: float


def find_answer(question: str, *, product: str = "") -> Answer | None:
    """The published article that answers the question; None when none does so surely enough."""
    question = question[:QUESTION_LENGTH]
    asked = content_words(question)
    if not asked:
        return None
    hits = search_articles(question, product=product, audience=Audience.PUBLIC, limit=CANDIDATES)
    rows = Article.objects.filter(pk__in=[hit.article_id for hit in hits]).select_related("live_version__item")
    versions = [row.live_version for row in rows if row.live_version is not None]
    best = max(
        (Answer(version, confidence(asked, version.title, version.body)) for version in versions),
        key=lambda answer: answer.confidence,
        default=None,
    )
    return best if best is not None and best.confidence >= CONFIDENT else None


def confidence(asked: frozenset[str], title: str, body: str) -> float:
    """How surely an article answers a question of these content words."""
    heading = content_words(title)
    text = fold(f"{title}\n{body}")
    # The pairs of a long word cross its parts: 开发票 gives 开发, of which 发票怎么开 holds both characters.
    crossing = [word for word in asked if word not in text and len(word) == 2 and set(word) <= set(title)]
    covered = (_weight(word for word in asked if word in text) + 0.6 * len(crossing)) / _weight(asked)
    shared = _weight(asked & heading)
    near = max(shared / _weight(heading), shared / _weight(asked)) if shared else 0.0
    return covered * (0.4 + 0.6 * near)


def content_words(text: str) -> frozenset[str]:
    """The words of a text that say what it is about; long words as their pairs of characters."""
    bare = _WRAPPING.sub(" ", fold(text))
    found: set[str] = set()
    for word in words(bare):
        if word in _FILLER:
            continue
        found.update([word] if len(word) < 3 or word.isascii() else (word[i : i + 2] for i in range(len(word) - 1)))
    return frozenset(found)


def _weight(found: Iterable[str]) -> float:
    """Longer words say more; a single character says little."""
    return sum(1.0 if len(word) > 1 else 0.4 for word in found)
