#!/usr/bin/env python3
"""Writes a CRM export of invented people to stdout, the same one each time: ``make_customers.py [ROWS]``.

Names come in a dozen scripts, and one topic in three has line breaks, quotes or delimiters inside.
"""

import csv
import sys
from collections.abc import Iterator
from itertools import count, islice, product

_PEOPLE = (
    (("Amélie", "Björn", "Łucja", "Zsófia"), ("Åkesson", "Duhamel", "O'Hara-Quill", "Żurawska")),
    (("Дарья", "Олександр", "Йоана"), ("Воробьёва", "Ковальчук", "Петкова")),
    (("Χρυσάνθη", "Λεωνίδας"), ("Μελά", "Αλεξίου")),
    (("ليلى", "مازن"), ("النجار", "الخالدي")),
    (("נועה", "איתן"), ("כרמלי", "ברזילי")),
    (("आरव", "मीरा"), ("मेहरोत्रा", "जोशी")),
    (("อรทัย", "ธนพล"), ("แสงดาว", "วงศ์ไทย")),
    (("თამარ", "ლევან"), ("კვარაცხელია", "მაისურაძე")),
    (("Հասմիկ", "Տիգրան"), ("Դավթյան", "Սարգսյան")),
    (("小溪", "明轩"), ("王", "欧阳")),
    (("하늘빛", "도윤"), ("김", "남궁")),
    (("葵", "蓮 🎈"), ("ファン・デル・ベルク", "山田")),
)
_TOPICS = (
    "Invoice 2024-117, second reminder",
    "Change of address",
    'Says: "still waiting"\nsince Monday; wants a call back',
    "配送先の変更",
    "Заказ потерян,\n«жду звонка»",
    "Kargo gecikti",
    "Asked twice:\r\n1. refund\r\n2. a call back\r\n",
    "بطاقة الدفع مرفوضة",
    "  keep the spaces around this  ",
)
_COLUMNS = ("crm_id", "CustomerFriendlyName", "ChatFriendlyName", "pre_engagement.plan", "pre_engagement.topic")
_PLANS = ("basic", "silver", "gold")


def customers() -> Iterator[tuple[str, ...]]:
    """Yield one customer after the other, without end; the number makes each one differ."""
    names = [f"{first} {last}" for firsts, lasts in _PEOPLE for first, last in product(firsts, lasts)]
    for number in count(1):
        # The factor has no divisor in common with the number of names, so neighbours differ in script.
        name, topic = names[number * 31 % len(names)], _TOPICS[number % len(_TOPICS)]
        yield f"{number:06}", name, f"Support case {1000 + number}", _PLANS[number % len(_PLANS)], topic


def main(rows: int) -> None:
    """Write a header and so many rows, as UTF-8 with CRLF, the way spreadsheets do."""
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        writer.writerows(islice(customers(), rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
