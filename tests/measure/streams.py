"""Open many event streams and measure how soon a customer's message is heard and seen, and what it costs.

    python tests/measure/streams.py http://127.0.0.1:8000 TOKEN --minutes 30 --pid 4711,4712

First phase: all streams stay open. Every second a customer writes on one of a few tickets; printed are the
times from the request's beginning to the event on each stream (heard) and to the words in the conversation
as a signed-in agent's browser fetches it (seen, with --username and --password), and the memory of the web
processes at the beginning and the end. Second phase: every stream is cut every --cut seconds and resumes by
Last-Event-ID; printed are events that a stream never heard, or heard twice. Exits 1 when there are any.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

TICKETS = 20
SETTLE = 12.0
AFTER = 20.0


@dataclass
class Ear:
    """One stream: which messages it heard, how often, and where it resumes."""

    heard: Counter[int] = field(default_factory=Counter)
    last_id: str = ""
    connections: int = 0


@dataclass
class Run:
    """What was said and when, and what became of it."""

    sent: dict[int, float] = field(default_factory=dict)
    arrived: list[tuple[int, float]] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    news: asyncio.Queue[tuple[int, int]] = field(default_factory=asyncio.Queue)


def memory_kb(pids: list[int]) -> int:
    """Resident memory of the processes, in kB."""
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total


async def listen(client: httpx.AsyncClient, ear: Ear, run: Run, *, cut: float, is_first: bool) -> None:
    """Hear until cancelled; with `cut`, hang up after so many seconds and come back."""
    while True:
        headers = {"Last-Event-ID": ear.last_id} if ear.last_id else {}
        try:
            async with asyncio.timeout(cut * random.uniform(0.7, 1.3) if cut else None):
                async with client.stream("GET", "/events/stream/", headers=headers, timeout=None) as answer:
                    ear.connections += 1
                    await _hear(answer, ear, run, is_first=is_first)
        except TimeoutError:
            continue
        except httpx.HTTPError as error:
            run.failures[type(error).__name__] += 1
            await asyncio.sleep(0.5)


async def _hear(answer: httpx.Response, ear: Ear, run: Run, *, is_first: bool) -> None:
    if answer.status_code != 200:
        run.failures[f"status {answer.status_code}"] += 1
        await asyncio.sleep(1)
        return
    name = number = data = ""
    async for line in answer.aiter_lines():
        word, _colon, value = line.partition(": ")
        if word == "id":
            number = value
        elif word == "event":
            name = value
        elif word == "data":
            data = value
        elif not line:
            # A frame is over: only now was all of it taken in, as a browser does.
            if name == "message.created":
                _note(json.loads(data), ear, run, is_first=is_first)
            ear.last_id, name, number = number or ear.last_id, "", ""


def _note(news: dict[str, Any], ear: Ear, run: Run, *, is_first: bool) -> None:
    message = news["data"]["message"]
    ear.heard[message] += 1
    run.arrived.append((message, time.perf_counter()))
    if is_first:
        run.news.put_nowait((message, news["subject"]["id"]))


async def speak(client: httpx.AsyncClient, run: Run, tickets: list[str], until: float, pause: float) -> None:
    """A customer writes on one of the tickets, again and again."""
    number = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        body = {"kind": "customer", "body": f"还没有收到，第 {number} 次问"}
        try:
            answer = await client.post(f"/api/v1/tickets/{tickets[number % len(tickets)]}/messages/", json=body)
        except httpx.HTTPError as error:
            run.failures[f"post {type(error).__name__}"] += 1
            continue
        if answer.status_code == 201:
            run.sent[answer.json()["id"]] = started
            run.posted.append(time.perf_counter() - started)
        else:
            run.failures[f"post {answer.status_code}"] += 1
        number += 1
        await asyncio.sleep(max(0.0, pause - (time.perf_counter() - started)))


async def look(browser: httpx.AsyncClient, run: Run, numbers: dict[int, str]) -> None:
    """An agent's browser: at each piece of news it fetches the conversation and looks for the message."""
    while True:
        message, ticket = await run.news.get()
        if ticket not in numbers:
            continue
        page = await browser.get(f"/desk/{numbers[ticket]}/thread/")
        moment = time.perf_counter()
        while message not in run.sent:
            await asyncio.sleep(0.01)
        if f'id="message-{message}"' in page.text:
            run.seen.append(moment - run.sent[message])
        else:
            run.failures["not in the conversation"] += 1


async def sign_in(base: str, username: str, password: str) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=30)
    page = await browser.get("/accounts/login/")
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    form = {"login": username, "password": password, "csrfmiddlewaretoken": found[1] if found else ""}
    await browser.post("/accounts/login/", data=form, headers={"Referer": base})
    return browser


async def make_tickets(client: httpx.AsyncClient) -> dict[int, str]:
    """Ids and numbers of the tickets that the customers write on."""
    found = {}
    for number in range(TICKETS):
        customer = {"name": "买家", "phone": f"1380013{number:04d}"}
        body = {"channel": "phone", "body": f"快递没到，第 {number} 单", "customer": customer}
        made = (await client.post("/api/v1/tickets/", json=body)).raise_for_status().json()
        found[made["id"]] = made["number"]
    return found


async def phase(options: argparse.Namespace, numbers: dict[int, str], *, minutes: float, cut: float) -> bool:
    """One phase; True when nothing was lost or doubled."""
    run, ears = Run(), [Ear() for _n in range(options.streams)]
    headers = {"Authorization": f"Token {options.token}"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=options.base, headers=headers, timeout=30, limits=limits) as client:
        jobs = [
            asyncio.create_task(listen(client, ear, run, cut=cut, is_first=place == 0))
            for place, ear in enumerate(ears)
        ]
        if options.username:
            browser = await sign_in(options.base, options.username, options.password)
            jobs.append(asyncio.create_task(look(browser, run, numbers)))
        await asyncio.sleep(SETTLE)
        before = memory_kb(options.pids)
        await speak(client, run, list(numbers.values()), time.perf_counter() + minutes * 60, options.pause)
        after = memory_kb(options.pids)
        await asyncio.sleep(AFTER)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    report(run, ears, before, after, cut=cut)
    return judge(run, ears)


def judge(run: Run, ears: list[Ear]) -> bool:
    lost = sum(message not in ear.heard for ear in ears for message in run.sent)
    doubled = sum(times - 1 for ear in ears for message, times in ear.heard.items() if message in run.sent)
    print(f"  lost {lost}, doubled {doubled} of {len(run.sent) * len(ears)} deliveries")
    return not lost and not doubled


def report(run: Run, ears: list[Ear], before: int, after: int, *, cut: float) -> None:
    heard = [moment - run.sent[message] for message, moment in run.arrived if message in run.sent]
    print(f"streams {len(ears)}, {f'each cut every {cut:.0f} s' if cut else 'left open'}, messages {len(run.sent)}")
    for name, values in (("posted", run.posted), ("heard", heard), ("seen", run.seen)):
        if len(values) > 1:
            marks = statistics.quantiles(values, n=100, method="inclusive")
            worst = max(values) * 1000
            print(f"  {name}: p50 {marks[49] * 1000:.0f} ms, p95 {marks[94] * 1000:.0f} ms, worst {worst:.0f} ms")
    print(f"  connections {sum(ear.connections for ear in ears)}")
    if before:
        print(
            f"  memory of the web processes: {before / 1024:.1f} MB at the beginning, {after / 1024:.1f} MB at the end"
        )
    if run.failures:
        print(f"  failures: {dict(run.failures)}")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("token")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cut", type=float, default=10, help="seconds between two cuts in the second phase")
    parser.add_argument("--cut-minutes", type=float, default=2)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two messages")
    parser.add_argument("--pid", default="", help="web processes whose memory is read, parted by commas")
    parser.add_argument("--username", default="")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    options.pids = [int(word) for word in options.pid.split(",") if word]
    async with httpx.AsyncClient(
        base_url=options.base, headers={"Authorization": f"Token {options.token}"}, timeout=60
    ) as client:
        numbers = await make_tickets(client)
    is_whole = await phase(options, numbers, minutes=options.minutes, cut=0)
    is_whole &= await phase(options, numbers, minutes=options.cut_minutes, cut=options.cut)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
