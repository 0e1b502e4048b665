"""Where personal data is found, what is left alone, and how it is masked. All data is invented."""

import json
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from core.language import (
    Span,
    detect_personal_data,
    mask_address,
    mask_email,
    mask_name,
    mask_phone,
    mask_text,
)


def found(text: str) -> list[tuple[str, str]]:
    return [(span.type, text[span.start : span.end]) for span in detect_personal_data(text)]


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+8613800138000",
        "１３８００１３８０００",
        "一三八零零一三八零零零",
    ],
)
def test_mobile_numbers_in_every_writing(number: str) -> None:
    assert found(f"我的电话{number}，谢谢") == [("PHONE", number)]


@pytest.mark.parametrize("number", ["010-62345678", "(0571)87654321", "0755 26543210", "02187654321"])
def test_landlines(number: str) -> None:
    assert found(f"打{number}找我") == [("PHONE", number)]


@pytest.mark.parametrize(
    "text",
    [
        "订单号:13800138000，请查",
        "订单编号：354425941868 订单金额:1556.44",
        "运单号YT0052613990255还没动",
        "单号SF1380013800012",
        "13800138000这个订单什么时候发",
        "商品ID:6222021234567890",
        "12月3日下单，金额3307.02元",
        "编号110101199013078830",
    ],
)
def test_order_and_parcel_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_identity_numbers_by_their_check_character() -> None:
    valid = _with_check("11010119900307123")
    assert found(f"证件{valid}") == [("ID", valid)]
    wrong = valid[:-1] + ("0" if valid[-1] != "0" else "1")
    assert ("ID", wrong) not in found(f"流水{wrong}")


def test_bank_cards_by_luhn_or_by_what_stands_before() -> None:
    valid = _luhn("622202123456789012")
    assert found(f"退到{valid}") == [("BANKCARD", valid)]
    spaced = " ".join(valid[i : i + 4] for i in range(0, len(valid), 4))
    assert found(f"卡号{spaced}") == [("BANKCARD", spaced)]
    wrong = valid[:-1] + str((int(valid[-1]) + 1) % 10)
    assert found(f"号码 {wrong} 查一下") == []


def test_email_addresses() -> None:
    assert found("发到zhang.san@example.com，谢谢") == [("EMAIL", "zhang.san@example.com")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("收货人：王小明，电话不变", "王小明"),
        ("配送员:欧阳文静，已出发", "欧阳文静"),
        ("好的，陈晓燕，麻烦了", "陈晓燕"),
        ("我叫李建国", "李建国"),
    ],
)
def test_names_by_label_or_standing_alone(text: str, name: str) -> None:
    assert ("NAME", name) in found(text)


@pytest.mark.parametrize(
    "text", ["银行卡，可以吗", "方便，谢谢", "马上到，于是我等", "高兴，何时发货", "黄色的，白色的", "安装，包装"]
)
def test_everyday_words_are_not_names(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "address",
    ["浙江省杭州市西湖区文三路12号3幢201室", "广东省深圳市南山区科技园软件大厦B座5楼", "江苏昆山市花桥镇光明路88弄6号"],
)
def test_addresses(address: str) -> None:
    assert found(f"收货地址：{address}，请尽快") == [("ADDRESS", address)]


@pytest.mark.parametrize("text", ["什么时候到杭州", "发北京要几天", "在上海仓库，浙江能发吗", "楼上说得对，3号发货"])
def test_a_city_alone_is_not_personal(text: str) -> None:
    assert found(text) == []


def test_spans_never_overlap_and_keep_offsets_after_odd_characters() -> None:
    text = "👍\x00\ud800收货人王小明13800138000浙江省杭州市西湖区文三路12号13800138001"
    spans = detect_personal_data(text)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    assert text[spans[-1].start : spans[-1].end] == "13800138001"


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (mask_phone("13800138000"), "138****8000"),
        (mask_phone("138-0013-8000"), "138-****-8000"),
        (mask_phone("12345"), "***45"),
        (mask_phone(""), ""),
        (mask_email("zhang@example.com"), "z***@example.com"),
        (mask_email("no address"), "**********"),
        (mask_name("王小明"), "王**"),
        (mask_name("欧阳文静"), "欧阳**"),
        (mask_name("王"), "*"),
        (mask_address("浙江省杭州市西湖区文三路12号"), "浙江省杭州市****"),
        (mask_address("文三路12号"), "文三****"),
        (mask_address(""), "****"),
    ],
)
def test_masks(masked: str, expected: str) -> None:
    assert masked == expected


@pytest.mark.capability("J09")
@pytest.mark.capability("J14")
def test_a_text_is_masked_and_its_harmless_part_kept() -> None:
    card = _luhn("622202123456789012")
    text = f"订单号354425941868，收货人：王小明，13800138000，退到{card}"
    assert mask_text(text) == f"订单号354425941868，收货人：王**，138****8000，退到{'*' * (len(card) - 4)}{card[-4:]}"


def test_masking_takes_known_spans() -> None:
    assert mask_text("王小明在", [Span(0, 3, "NAME")]) == "王**在"


@pytest.mark.capability("J09")
def test_mask_command_prints_masked_text_and_offsets(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(
        '{"id": "a", "text": " 打13800138000"}\n\n{"id": 2, "text": ""}\n{"id": "s", "text": "\\ud800"}\n',
        encoding="utf-8",
    )
    out = StringIO()
    call_command("mask", str(file), stdout=out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert rows[0] == {"id": "a", "text": " 打138****8000", "spans": [{"start": 2, "end": 13, "type": "PHONE"}]}
    assert [row["id"] for row in rows] == ["a", 2, "s"]


def test_mask_command_names_the_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"id": "a", "text": "好"}\n{"id": "b"}\nnot json\n', encoding="utf-8")
    with pytest.raises(CommandError, match=r"2[\s\S]*3"):
        call_command("mask", str(file), stdout=StringIO())


def _with_check(first_17: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first_17 + "10X98765432"[sum(int(d) * w for d, w in zip(first_17, weights, strict=True)) % 11]


def _luhn(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)
