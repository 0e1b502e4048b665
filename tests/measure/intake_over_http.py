"""Send complaints through the HTTP API and check that each became one ticket.

    python tests/measure/intake_over_http.py http://127.0.0.1:8000 TOKEN --count 5000 --clients 8

Every twentieth message is sent twice, as a shop system does after a time-out. Prints the rate,
the latency percentiles and what came back; exits 1 when a message was lost or doubled.
"""

import argparse
import collections
import concurrent.futures
import random
import statistics
import sys
import time
import uuid

import httpx

TEXTS = (
    "收到的玻璃杯碎了两个，客服一直不回复，我要投诉！",
    "快递三天没有更新了，帮我催一下",
    "退款什么时候到账？已经等了五天",
    "这个枕头有股味道，正常吗",
    "少发了一件，怎么补发",
    "客服答应的补偿一直没有兑现",
)


def send(client: httpx.Client, base: str, run: str, number: int) -> tuple[float, int, int | None]:
    body = {
        "channel": "taobao",
        "external_id": f"{run}-{number}",
        "type": "complaint",
        "body": f"{TEXTS[number % len(TEXTS)]} 编号{number}",
        "customer": {"name": "买家", "phone": f"139{number % 2000:08d}"},
    }
    started = time.perf_counter()
    answer = client.post(f"{base}/api/v1/tickets/", json=body)
    spent = time.perf_counter() - started
    return spent, answer.status_code, answer.json().get("id") if answer.status_code in (200, 201) else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("token")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    run = uuid.uuid4().hex[:8]
    work = [number for number in range(options.count) for _again in range(2 if number % 20 == 0 else 1)]
    random.Random(7).shuffle(work)
    ids: dict[int, set[int | None]] = collections.defaultdict(set)
    codes: collections.Counter[int] = collections.Counter()
    times = []
    started = time.perf_counter()
    headers = {"Authorization": f"Token {options.token}"}
    limits = httpx.Limits(max_connections=options.clients)
    with (
        httpx.Client(headers=headers, timeout=60, limits=limits) as client,
        concurrent.futures.ThreadPoolExecutor(options.clients) as pool,
    ):
        jobs = {pool.submit(send, client, options.base, run, number): number for number in work}
        for job in concurrent.futures.as_completed(jobs):
            spent, status, pk = job.result()
            times.append(spent)
            codes[status] += 1
            ids[jobs[job]].add(pk)
    seconds = time.perf_counter() - started
    made = {pk for found in ids.values() for pk in found}
    doubled = sum(len(found) > 1 for found in ids.values())
    percentiles = statistics.quantiles(times, n=100)
    print(f"{len(work)} requests in {seconds:.1f} s: {len(work) / seconds:.0f}/s, answers {dict(codes)}")
    print(f"latency p50 {percentiles[49] * 1000:.0f} ms, p95 {percentiles[94] * 1000:.0f} ms")
    print(f"messages {options.count}, tickets {len(made - {None})}, doubled {doubled}, lost {None in made}")
    return int(doubled > 0 or None in made or len(made) != options.count)


if __name__ == "__main__":
    sys.exit(main())
