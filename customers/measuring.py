"""What the order table tells about all customers at once, and about some of them.

An order counts when it was paid, also when it was refunded later: F counts it, M does not.
Its moment is the payment's, or the order's where the shop did not tell. Cancelled and unpaid
orders are nothing. Orders of the same day are one purchase for the gaps.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from customers.choices import OrderStatus
from customers.value import GAPS_NEEDED, WINDOW_DAYS, Base, Measures

PAID = [
    str(status)
    for status in (
        OrderStatus.PAID,
        OrderStatus.SHIPPED,
        OrderStatus.SIGNED,
        OrderStatus.COMPLETED,
        OrderStatus.REFUNDED,
    )
]
_MOMENT = "coalesce(paid_at, ordered_at)"
_MEASURES = f"""
SELECT customer_id, max(day) AS last_day, min(day) AS first_day, count(*) AS orders, count(DISTINCT day) AS days,
       count(*) FILTER (WHERE at > %(since)s) AS frequency,
       coalesce(sum(net) FILTER (WHERE at > %(since)s), 0) AS monetary
FROM (SELECT customer_id, {_MOMENT} AS at, ({_MOMENT} AT TIME ZONE %(zone)s)::date AS day,
             CASE WHEN status = 'refunded' THEN 0 ELSE paid END AS net
      FROM customers_order WHERE status = ANY(%(paid)s) AND {_MOMENT} <= %(now)s AND {{which}}) bought
GROUP BY customer_id
"""  # noqa: S608 (built of words of this file)
_GATHER = f"""
CREATE TEMPORARY TABLE kean_measures ON COMMIT DROP AS
SELECT %(today)s::date - last_day AS recency, last_day - %(today)s::date AS presence, frequency, monetary,
       CASE WHEN days > %(gaps)s THEN (last_day - first_day)::numeric / (days - 1) END AS gap
FROM ({_MEASURES.format(which="true")}) measured
"""  # noqa: S608 (built of words of this file)
_MEANS = """
SELECT count(*), coalesce(avg(recency), 0), coalesce(avg(frequency), 0), coalesce(avg(monetary), 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gap)::numeric
FROM kean_measures
"""
# The value of rank ⌈k·n/5⌉, in whole numbers: a fraction of floating point could miss it by one.
_BOUNDS = """
SELECT min({value}) FILTER (WHERE 5 * rank >= 1 * size), min({value}) FILTER (WHERE 5 * rank >= 2 * size),
       min({value}) FILTER (WHERE 5 * rank >= 3 * size), min({value}) FILTER (WHERE 5 * rank >= 4 * size)
FROM (SELECT {value}, row_number() OVER (ORDER BY {value}) AS rank, count(*) OVER () AS size FROM kean_measures) ranked
"""
_SEGMENT_GAPS = """
SELECT concat((recency <= %s)::int, (frequency >= %s)::int, (monetary >= %s)::int) AS segment,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gap)::numeric
FROM kean_measures WHERE gap IS NOT NULL GROUP BY segment
"""
_NEXT_CUSTOMERS = """
SELECT DISTINCT customer_id FROM customers_order WHERE customer_id > %s ORDER BY customer_id LIMIT %s
"""
_TEN_PLACES = Decimal("0.0000000001")


def _parameters(at: datetime) -> dict[str, Any]:
    zone = timezone.get_default_timezone()
    return {
        "now": at,
        "since": at - timedelta(days=WINDOW_DAYS),
        "zone": str(zone),
        "paid": PAID,
        "gaps": GAPS_NEEDED,
        "today": at.astimezone(zone).date(),
    }


def measure(customer_ids: Collection[int], *, at: datetime) -> dict[int, Measures]:
    """The measures of those among the customers who have paid orders."""
    parameters = _parameters(at) | {"ids": list(customer_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_MEASURES.format(which="customer_id = ANY(%(ids)s)"), parameters)
        rows = cursor.fetchall()
    return {
        customer: Measures(
            recency=(parameters["today"] - last_day).days,
            frequency=frequency,
            monetary=monetary,
            orders=orders,
            days=days,
            first_day=first_day,
            last_day=last_day,
        )
        for customer, last_day, first_day, orders, days, frequency, monetary in rows
    }


def measure_base(*, at: datetime) -> Base:
    """Means, quintile bounds and median gaps of all customers with paid orders. Needs an open transaction.

    The database holds the measures of a million customers meanwhile; only the result comes here.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, _parameters(at))
        cursor.execute(_MEANS)
        size, *means, median = cursor.fetchone()
        recency, frequency, monetary = (Decimal(mean).quantize(_TEN_PLACES) for mean in means)
        cursor.execute(_SEGMENT_GAPS, [recency, frequency, monetary])
        segment_gaps = dict(cursor.fetchall())
        base = Base(
            size=size,
            mean_recency=recency,
            mean_frequency=frequency,
            mean_monetary=monetary,
            # The worst come first: the longest absent.
            recency_bounds=[-bound for bound in _bounds(cursor, "presence")] if size else [],
            frequency_bounds=_bounds(cursor, "frequency") if size else [],
            monetary_bounds=_bounds(cursor, "monetary") if size else [],
            segment_gaps=segment_gaps,
            median_gap=median,
        )
        cursor.execute("DROP TABLE kean_measures")
    return base


def _bounds(cursor: CursorWrapper, column: str) -> Sequence[Any]:
    cursor.execute(_BOUNDS.format(value=column))
    return cursor.fetchone()


def next_customers(*, after: int, limit: int) -> list[int]:
    """Up to `limit` customers with orders of any kind, by id, beyond `after`."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_CUSTOMERS, [after, limit])
        return [customer for (customer,) in cursor.fetchall()]
