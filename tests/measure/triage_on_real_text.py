"""How well triage learns from a folder of labelled messages. No database is touched.

    python tests/measure/triage_on_real_text.py FOLDER [--train NAME] [--test NAME]

Both files hold one JSON object a line: text, intent, group, complaint, urgent. The label set may be large and the
training labels wrong. Prints the figures of the learned model and of the rules on the test file, and the speed.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", default="intent_train_noisy.jsonl")
    parser.add_argument("--test", default="intent_dev.jsonl")
    options = parser.parse_args()
    _set_up()

    from tickets.triage.judging import judgement_of
    from tickets.triage.model import loads
    from tickets.triage.scoring import figures
    from tickets.triage.training import train

    learning, test = _examples(options.folder / options.train), _examples(options.folder / options.test)
    started = time.perf_counter()
    trained = train(learning)
    artefact = trained.model.dumps()
    say(f"trained on {trained.row_count} rows in {time.perf_counter() - started:.1f} s, {len(artefact):,} bytes")
    model = loads(artefact)
    for name, judge in (("rules", None), ("model", model)):
        started = time.perf_counter()
        for example in test:
            judgement_of(example.text, judge)
        speed = len(test) / (time.perf_counter() - started)
        measured, score = figures(judge, test)
        say(f"{name}: score {score:.4f}, {speed:,.0f} messages/s")
        for key, value in measured.items():
            say(f"  {key:22} {value:.4f}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _examples(path: Path) -> list:
    from tickets.triage.training import Example

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Example(row["text"], str(row["intent"]), row["group"], bool(row["complaint"]), bool(row["urgent"]))
        for row in rows
    ]


def _set_up() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


if __name__ == "__main__":
    main()
