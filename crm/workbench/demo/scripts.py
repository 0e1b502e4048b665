"""The script library of the shop: written by leads, approved by somebody else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.versions.services import approve, draft_version, publish, reject, retire, submit
from crm.staff.models import User
from crm.workbench.demo.texts import load
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.services import create_script

Library = dict[str, ScriptVersion]


def write_scripts(*, staff: Mapping[str, User], start: datetime) -> Library:
    """Write the library from `start` on, a script every few hours; returns what is live by key."""
    library: Library = {}
    for index, text in enumerate(load("scripts")["script"]):
        if text.get("status") == "story":
            continue
        with clock.at(start + timedelta(hours=5 * index)):
            version = write_script(text, staff, author=("lead", "luoanqi")[index % 2], reviewer="supervisor")
        if version is not None:
            library[text["key"]] = version
    return library


def write_script(
    text: Mapping[str, Any], staff: Mapping[str, User], *, author: str, reviewer: str
) -> ScriptVersion | None:
    """One script, taken as far as its status says; the version when it is live."""
    writer, judge = staff[author], staff[reviewer]
    template = create_script(
        actor=writer,
        key=text["key"],
        title=text["title"],
        kind=text["kind"],
        topic=text["topic"],
        ticket_types=text.get("ticket_types", []),
        anger_level=text.get("anger_level"),
    )
    version = draft(template, text, writer, text["body"])
    return _take_on(version, text.get("status", "published"), writer, judge)


def draft(template: ScriptTemplate, text: Mapping[str, Any], writer: User, body: str) -> Any:
    steps = text.get("steps", [])
    return draft_version(item=template, actor=writer, body=body, note=text.get("note", ""), steps=steps)


def _take_on(version: Any, status: str, writer: User, judge: User) -> ScriptVersion | None:
    if status == "draft":
        return None
    submit(version=version, actor=writer)
    if status == "in_review":
        return None
    if status == "rejected":
        reject(version=version, actor=judge, reason="含有“最低价”等绝对化用语，违反广告用语规范。")
        return None
    approve(version=version, actor=judge)
    publish(version=version, actor=judge)
    if status == "retired":
        retire(version=version, actor=judge)
        return None
    live: ScriptVersion = version
    return live


def renew_scripts(*, library: Library, staff: Mapping[str, User]) -> None:
    """Publish the second versions of the scripts that have one."""
    for text in load("scripts")["script"]:
        if "second" in text:
            template = ScriptTemplate.objects.get(key=text["key"])
            renewed = {**text, "note": "补充时限与运费说明"}
            version = draft(template, renewed, staff["luoanqi"], text["second"])
            live = _take_on(version, "published", staff["luoanqi"], staff["supervisor"])
            assert live is not None
            library[text["key"]] = live


def add_story_script(*, library: Library, staff: Mapping[str, User]) -> None:
    """The wording for the fading batch, written when it was needed."""
    for text in load("scripts")["script"]:
        if text.get("status") == "story":
            live = write_script({**text, "status": "published"}, staff, author="lead", reviewer="supervisor")
            assert live is not None
            library[text["key"]] = live
