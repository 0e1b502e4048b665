"""What we know: articles, product safety sheets, trees of diagnosis."""

from knowledge.models.article import Article, ArticleExample, ArticleVersion, HelpfulVote, ReaderVote
from knowledge.models.diagnosis import DiagnosisTree, DiagnosisTreeVersion
from knowledge.models.safety import SafetySheet, SafetySheetVersion, SafetyTerm

__all__ = [
    "Article",
    "ArticleExample",
    "ArticleVersion",
    "DiagnosisTree",
    "DiagnosisTreeVersion",
    "HelpfulVote",
    "ReaderVote",
    "SafetySheet",
    "SafetySheetVersion",
    "SafetyTerm",
]
