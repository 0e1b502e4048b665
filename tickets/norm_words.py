"""What the words of a reply do: greet, promise a time, state a result, insult. Pure."""

import re

from core.language import query_tokens

_GREETING = re.compile("您|你好|亲|早上好|上午好|中午好|下午好|晚上好|感谢|抱歉|对不起|不好意思")
_COMMITMENT = re.compile(
    r"[0-9一二两三四五六七八九十半]+\s*个?(分钟|小时|工作日|天|日)(之?内|以内|左右|后|回复|给)?"
    "|今天|今日|今晚|明天|明早|本周|下周|尽快|马上|立即|立刻|稍后|第一时间"
    r"|[0-9]{1,2}\s*[点:：月]"
)
_RESULT = re.compile(
    "已(经)?(为|帮|给|替)?(您|你)?.{0,8}(退|换|补|赔|寄|发|修|改|开|处理|解决|核实|登记|安排|取消|到账|完成|办理)"
    "|处理(完成|完毕|好了|结果)|结果(是|为|如下)|退款(成功|到账)|可以(直接|放心)?|无法|不能|不支持|支持|需要您|方法(是|如下)"
)
_ACKNOWLEDGEMENT = re.compile(
    "抱歉|对不起|不好意思|致歉|道歉|见谅|理解您|理解你|能理解|很理解|体谅|感同身受|换作是我|换成我|您的心情|着急|心急|担心|委屈|失望"
    "|(让|给)您.{0,4}(久等|添麻烦|不便|困扰|费心|受累)|久等了|辛苦您|感谢您(的)?(反馈|告知|提醒|耐心|理解|等待)|谢谢您(的)?(反馈|告知|提醒|耐心)"
)
_RESTATEMENT = re.compile(
    "(您|你)(这边|刚才|刚刚|前面)?(说|提到|反映|反馈|遇到|咨询|询问|想问|想了解|描述|收到)的?|关于(您|你)|(您|你)的意思是|看到(您|你)|了解到"
)
#: So many content words of the customer's text make a restatement.
_SHARED_WORDS = 1
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|【[^】]{0,20}(待填|请填)[^】]{0,20}】")
INSULTS = tuple(
    """
    傻逼 傻b 煞笔 沙比 白痴 智障 脑残 弱智 有病吧 神经病 滚蛋 滚开 滚远点 混蛋 王八蛋 去死 妈的 他妈 你妈 废物
    蠢货 垃圾人 不要脸 无理取闹 爱要不要 爱买不买 爱投诉就投诉 随便你投诉 关我什么事 关我屁事 没长眼 听不懂人话
    """.split()  # noqa: SIM905 (a list of thirty words reads better as text)
)


def greets(text: str) -> bool:
    """Addresses the customer politely, greets, thanks or says sorry."""
    return bool(_GREETING.search(text))


def commits(text: str) -> bool:
    """Names a time by which something will happen."""
    return bool(_COMMITMENT.search(text))


def acknowledges(text: str) -> bool:
    """Shows that the customer's feeling was noticed: says sorry, understands, thanks for the patience."""
    return bool(_ACKNOWLEDGEMENT.search(text))


def restates(text: str, asked: str) -> bool:
    """Says the customer's matter again: names it as theirs, or uses their own words for it."""
    if _RESTATEMENT.search(text):
        return True
    theirs = {word for word in query_tokens(asked) if len(word) > 1}
    return len(theirs & set(query_tokens(text))) >= _SHARED_WORDS


def states_result(text: str) -> bool:
    """Says what was done, or what is possible and what is not."""
    return bool(_RESULT.search(text))


def placeholders(text: str) -> int:
    """Places that nobody filled in."""
    return len(_PLACEHOLDER.findall(text))


def insults(text: str) -> int:
    """Different insulting words and phrases."""
    lowered = text.lower()
    return sum(word in lowered for word in INSULTS)
