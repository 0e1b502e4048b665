"""Which files of the npm packages are served."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import Storage


class FrontEndFinder(FileSystemFinder):
    """The files that FRONT_END_FILES names, out of STATICFILES_DIRS.

    The packages hold a hundred times more (variants, maps, other libraries with broken references):
    collecting it all takes minutes and serves what nobody asked for.
    """

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path, storage in super().list(ignore_patterns):
            prefix = getattr(storage, "prefix", "")
            if _is_served(f"{prefix}/{path}"):
                yield path, storage

    def find(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().find(path, *args, **kwargs) if _is_served(path) else []


def _is_served(path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in settings.FRONT_END_FILES)
