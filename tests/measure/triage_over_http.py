"""Send labelled messages through the HTTP API and write what triage said of them.

    bin/manage train_triage TRAIN.jsonl
    python tests/measure/triage_over_http.py http://127.0.0.1:8000 TOKEN intent_dev.jsonl predictions.jsonl

Rows in: {"id", "text", …}. Rows out: {"id", "intent", "group", "complaint", "urgent"}, read from the ticket.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import time
import uuid
from typing import Any

import httpx


def ask(client: httpx.Client, base: str, run: str, row: dict[str, Any]) -> dict[str, Any]:
    body = {"channel": "chat", "external_id": f"{run}-{row['id']}", "body": row["text"]}
    answer = client.post(f"{base}/api/v1/tickets/", json=body)
    answer.raise_for_status()
    ticket = answer.json()
    category = ticket["category"]
    return {
        "id": row["id"],
        "intent": int(category) if category.isdigit() else -1,
        "group": ticket["queue"],
        "complaint": ticket["complaint"],
        "urgent": ticket["urgent"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "token", "rows", "predictions"):
        parser.add_argument(name)
    options = parser.parse_args()
    rows = [json.loads(line) for line in pathlib.Path(options.rows).read_text(encoding="utf-8").splitlines() if line]
    run, started = uuid.uuid4().hex[:8], time.perf_counter()
    headers = {"Authorization": f"Token {options.token}"}
    with httpx.Client(headers=headers, timeout=60) as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda row: ask(client, options.base, run, row), rows))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in said)
    pathlib.Path(options.predictions).write_text(lines, encoding="utf-8")
    print(f"{len(said)} messages in {time.perf_counter() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
