"""Names of persons: a surname, one or two more characters, and a reason to believe it."""

import re
from collections.abc import Iterator

import rjieba

from core.language._spans import Span

_COMPOUND = "欧阳 司马 上官 诸葛 司徒 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 轩辕 端木 百里 南宫 长孙 宇文 闻人 独孤"
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
# The two hundred most frequent surnames; the rarer ones count only where a label asks for a name.
FREQUENT_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟"
    "谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐"
    "易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳"
    "管柴"
)
SURNAMES = FREQUENT_SURNAMES | frozenset(
    "蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬"
    "边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼"
    "蔺楼盘满闻位厉伊仝区郜海阚花帅屠豆朴盖练廉禹井祖漆巴丰卿国狄平索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜"
    "羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉亢嵇哈湛宾戎勾茅利於呼居揭尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭"
    "由"
)
# Surnames that are everyday words or word parts; they need more than a chance resemblance.
_COMMON_WORDS = frozenset(
    "于何高万方白金石安时成路关向文易常平明华应全和单都那来由但公干居利信展元相支计权强满位封原池南海花国门云容包连"
    "车马黄"
)
_GIVEN = frozenset(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文林国志海云波宁贵福生龙元全胜学祥才发武新利清飞彬富顺"
    "信子昌成康星光天达安岩中茂进有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰"
    "朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘义兴良飘育馨琳岚嘉琼勤珍贞"
    "莉黛青倩婷姣婉娴瑾颖露瑶怡婵雁蓓纨仪荷丹蓉眉君琴蕊薇菁梦素瑞梅雪荣爱妹香月莺媛佳凤洁琦晶妍茜秋珊莎锦淑惠珠翠雅"
    "芝巧美慧宜可姬舒影荔枝婧俊欣萍鑫凯宇轩涵雨诗语菲彤曦梓萱睿皓然悦晓春东阳晖辉峰岗川山虎宝玲燕莲蕾娇芬芸菊花玫媚"
    "妮娥娣姗姿娅婕婴嫣嫦祺禄祖仁忠孝礼智培根银铁钢铭锋锐钰铃镇锡钦炳烨焕灿煜煊炜熙焱骏骥驰彦徽衡亦奕逸益毅艺怿昊昱"
    "晟景昕映昭晗曼曾朝望本朴杉柏柯桐桥桦梧楚榆槐樱橙歆殊比毓水汉汐沁沐沛泉泓泳洪津浦润涟淇淼渊渝渲湘源溪滢漫澄澜澎"
    "濛灵炫爽牧玄玮玥珂珑珺琪琬琰瑄瑜璇璐璟甜甫申百皎盈直真硕磐祎禹秉秦稷稳立竹笑笛筠筱精纯纲绮经缘羽耀联聪聿肖肇胤"
    "自臻舜芊芮苏苑茵茹荃莹菡萌葵蒙蓝蔓蕙薛虹蝶融衍裴西觉许诺谊谨豫贝贤赞越跃路辅辛迅运迎远迪逢遥道邵郁郡都重野量金"
    "钟钊铎长闻阔陵际集霄霆霖霏靖音韵韬颂颜飒骁高鸿鹤麒麟黎默龄帆帅席"
)
_NEVER_GIVEN = frozenset(
    "的了吗呢吧啊哦呀嘛哈我你您他她它是不在到这那个么什就也都还很太要能没给对与及从被把让得着过说去又再只谁哪怎些们"
    "件款号元钱单货店买卖快递退换"
)
_TITLES = frozenset(("先生", "女士", "小姐", "老师", "师傅", "经理", "客服", "同学", "阿姨", "叔叔", "大哥", "大姐"))

_SURNAME = rf"(?:{'|'.join(sorted(COMPOUND_SURNAMES))}|[{''.join(sorted(SURNAMES))}])"
_HAN = "\u4e00-\u9fff"
_LABEL = re.compile(
    r"(?:配送员|快递员|派送员|送货员|收货人|收件人|寄件人|联系人|姓名|户名|开户人|持卡人|经办人|负责人|抬头|名字叫?|我叫|我是"
    r"|客户名|顾客|师傅|发票名|站长|司机|安装工|机主|本人|名叫|叫做)(?:是|为|叫|写)?[:： ]{0,3}"
)
_CLAUSE_EDGE = r"(?:^|(?<=[\s，。！？；,!?;:：\[\]【】（）()、|]))"
_CLAUSE_END = r"(?=$|[\s，。！？；,!?;:：\[\]【】（）()、|])"
_ALONE = re.compile(rf"{_CLAUSE_EDGE}(?:{_SURNAME})[{_HAN}]{{1,2}}(?={_CLAUSE_END}|收{_CLAUSE_END}|收?[0-9]|电话|手机)")
_CANDIDATE = re.compile(rf"(?=({_SURNAME})([{_HAN}]{{1,2}}))")


def find_names(text: str) -> Iterator[Span]:
    """Names in order of the strength of their reason: labelled, alone in a clause, inside a sentence."""
    yield from _labelled(text)
    yield from _alone(text)
    yield from _inside(text)
    yield from _tagged(text)


def _labelled(text: str) -> Iterator[Span]:
    for label in _LABEL.finditer(text):
        candidate = _CANDIDATE.match(text, label.end())
        if candidate is None:
            continue
        length = _given_length(text, candidate)
        name = text[candidate.start() : candidate.end(1) + length]
        if length and _believable_label(name, candidate[1]):
            yield Span(candidate.start(), candidate.start() + len(name), "NAME")


def _believable_label(name: str, surname: str) -> bool:
    given = name[len(surname) :]
    if _swallows_word(name) or (_is_word(given) and any(character not in _GIVEN for character in given)):
        return False
    return not _is_word(name) or all(character in _GIVEN for character in given)


def _given_length(text: str, candidate: re.Match[str]) -> int:
    """One or two characters after the surname; 0 when they cannot be a given name."""
    given = candidate[2]
    if given in _TITLES or given[0] in _NEVER_GIVEN:
        return 0
    if (
        len(given) == 2
        and given[1] not in _NEVER_GIVEN
        and (given[1] in _GIVEN or not _starts_word(text, candidate.end(1) + 1))
    ):
        return 2
    return 1


def _starts_word(text: str, position: int) -> bool:
    """Whether a known word of two or more characters begins here."""
    return rjieba.has_word(text[position : position + 2]) or rjieba.has_word(text[position : position + 3])


def _alone(text: str) -> Iterator[Span]:
    for match in _ALONE.finditer(text):
        name = match.group()
        given = name[2:] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[1:]
        if _believable(name, given, alone=True):
            yield Span(match.start(), match.end(), "NAME")


def _inside(text: str) -> Iterator[Span]:
    for match in _CANDIDATE.finditer(text):
        surname, given = match[1], match[2]
        name = surname + given
        if (
            len(given) == 2
            and _is_frequent(surname)
            and all(c in _GIVEN for c in given)
            and _believable(name, given, alone=False)
        ):
            before, after = text[max(0, match.start() - 3) : match.start()], text[match.end(2) : match.end(2) + 3]
            if not _crosses_words(before, name, after):
                yield Span(match.start(), match.start() + len(name), "NAME")


def _tagged(text: str) -> Iterator[Span]:
    """Words that the segmenter itself takes for a person's name."""
    position = 0
    for word, speech in rjieba.tag(text):
        if speech == "nr" and len(word) == 3 and _is_frequent(word[0]) and _believable(word, word[1:], alone=True):
            yield Span(position, position + len(word), "NAME")
        position += len(word)


def _is_frequent(surname: str) -> bool:
    return surname in COMPOUND_SURNAMES or (surname in FREQUENT_SURNAMES and surname not in _COMMON_WORDS)


def _believable(name: str, given: str, *, alone: bool) -> bool:
    if given in _TITLES or any(character in _NEVER_GIVEN for character in given) or _is_word(name):
        return False
    likely = sum(character in _GIVEN for character in given)
    if len(given) == 1:
        return alone and likely == 1 and name[0] not in _COMMON_WORDS
    if _swallows_word(name) or (_is_word(given) and likely < 2):
        return False
    return likely == 2 or (alone and likely == 1 and name[0] not in _COMMON_WORDS) or (alone and not _has_word(name))


def _is_word(name: str) -> bool:
    """A dictionary word that is not itself a person's name."""
    return rjieba.has_word(name) and not all(speech == "nr" for _, speech in rjieba.tag(name, hmm=False))


def _swallows_word(name: str) -> bool:
    """Whether the surname is really the beginning of an everyday word (银行卡, 阳光下)."""
    first, speech = rjieba.tag(name, hmm=False)[0]
    return 1 < len(first) < len(name) and first not in COMPOUND_SURNAMES and not speech.startswith("nr")


def _has_word(name: str) -> bool:
    return any(len(word) > 1 for word in rjieba.cut(name, hmm=False))


def _crosses_words(before: str, name: str, after: str) -> bool:
    """Whether the dictionary reads a word across the edges of the name."""
    position, edges = 0, {len(before), len(before) + len(name)}
    for word in rjieba.cut(before + name + after, hmm=False):
        if any(position < edge < position + len(word) for edge in edges):
            return True
        position += len(word)
    return False
