"""Messages of WeChat: XML read strictly, and said in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

LARGEST = 64 * 1024
#: What a person said; everything else is kept and not answered.
SPOKEN = frozenset({"text", "image", "voice", "video", "shortvideo", "file", "location", "link"})
#: Kinds that bring something to fetch.
MEDIA = frozenset({"image", "voice", "video", "shortvideo", "file"})


class Unreadable(Exception):
    """Not the XML of a message."""


@dataclass(frozen=True)
class Message:
    """One message or event, field by field as it came."""

    kind: str
    sender: str
    account: str
    created: int
    fields: Mapping[str, str]

    @property
    def is_spoken(self) -> bool:
        return self.kind in SPOKEN

    @property
    def key(self) -> str:
        """What is the same on every delivery: MsgId; for events the sender, the second and the event."""
        if number := self.fields.get("MsgId", ""):
            return number
        return ":".join(filter(None, (self.sender, str(self.created), self.fields.get("Event", ""))))

    @property
    def media_id(self) -> str:
        """Under which the platform keeps a picture, a voice, a video or a file for three days."""
        return self.fields.get("MediaId", "") if self.kind in MEDIA else ""

    def text(self) -> str:
        """What was said, as a person reads it."""
        given = self.fields.get
        match self.kind:
            case "text":
                return given("Content", "")
            case "image":
                return f"[图片] {given('PicUrl', '')}".strip()
            case "voice":
                return f"[语音] {given('Recognition', '')}".strip()
            case "video" | "shortvideo":
                return "[视频]"
            case "file":
                return f"[文件] {given('Title', '')}".strip()
            case "location":
                place = f"{given('Location_X', '')}, {given('Location_Y', '')}"
                return f"[位置] {given('Label', '')}（{place}）"
            case "link":
                return "\n".join(
                    filter(None, (f"[链接] {given('Title', '')}", given("Description", ""), given("Url", "")))
                )
        return ""


def fields_of(xml: bytes) -> dict[str, str]:
    """The leaves under the root by name. Raises Unreadable for entities, a document type, or anything else."""
    if len(xml) > LARGEST:
        raise Unreadable("too large")
    try:
        root: Element = fromstring(xml, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable(type(error).__name__) from error
    if root.tag != "xml":
        raise Unreadable("root")
    return {child.tag: (child.text or "").strip() for child in root if not len(child)}


def read(xml: bytes) -> Message:
    """A message. Raises Unreadable when it is none."""
    given = fields_of(xml)
    kind, sender, created = given.get("MsgType", "").lower(), given.get("FromUserName", ""), given.get("CreateTime", "")
    if not kind or not sender or not (created.isascii() and created.isdigit()) or len(created) > 12:
        raise Unreadable("fields")
    return Message(kind, sender[:128], given.get("ToUserName", ""), int(created), given)
