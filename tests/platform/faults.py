"""The faults, each as a function that mistreats a rig while timers fall due and tells what came of them.

As a program (`bin/faults [ROUNDS]`) it repeats each fault and prints a table; exit 1 when anything was
lost or done twice.
"""

import sys
import threading
import time
from collections.abc import Callable

import psycopg

from tests.platform.rig import Outcome, Rig


def parent_killed(rig: Rig) -> Outcome:
    """kill -9 of the supervisor while timers are being armed; then a new start."""
    keys: list[str] = []
    arming = threading.Thread(target=lambda: keys.extend(rig.arm(150, spread=8)))
    arming.start()
    time.sleep(0.3)
    assert rig.supervisor is not None
    rig.supervisor.kill()
    rig.supervisor.wait()
    rig.start()
    arming.join()
    return rig.outcome(keys)


def everything_killed(rig: Rig) -> Outcome:
    """kill -9 of every process at once, PostgreSQL's own included."""
    keys = rig.arm(100, spread=8)
    assert rig.supervisor is not None
    rig.kill([rig.supervisor.pid, *rig.processes()])
    rig.supervisor.wait()
    rig.start()
    return rig.outcome(keys)


def worker_killed(rig: Rig) -> Outcome:
    """kill -9 of the worker, then of its pool, in the middle of a task."""
    keys = rig.arm(60, spread=2, work=0.1)
    time.sleep(1.5)
    rig.kill([rig.worker_main()])
    time.sleep(1.5)
    rig.kill(rig.processes("celery"))
    return rig.outcome(keys)


def postgres_killed(rig: Rig) -> Outcome:
    """kill -9 of PostgreSQL's first process; the supervisor brings it back."""
    keys = rig.arm(60)
    time.sleep(1)
    rig.kill([rig.postmaster()])
    return rig.outcome(keys)


def connections_cut(rig: Rig) -> Outcome:
    """pg_terminate_backend on everybody, eight times."""
    keys = rig.arm(60)
    for _ in range(8):
        with rig.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        time.sleep(0.5)
    return rig.outcome(keys)


def broker_flushed(rig: Rig) -> Outcome:
    """FLUSHALL twenty times in four seconds."""
    keys = rig.arm(60)
    for _ in range(20):
        rig.broker().flushall()
        time.sleep(0.2)
    return rig.outcome(keys)


def broker_killed(rig: Rig) -> Outcome:
    """kill -9 of Valkey."""
    keys = rig.arm(60)
    time.sleep(1)
    rig.kill(rig.processes("valkey-server"))
    return rig.outcome(keys)


def two_tickers(rig: Rig) -> Outcome:
    """A second ticker beside the first."""
    with rig.second_ticker():
        keys = rig.arm(60)
        return rig.outcome(keys)


FAULTS: dict[str, Callable[[Rig], Outcome]] = {
    function.__name__: function
    for function in (
        parent_killed,
        everything_killed,
        worker_killed,
        postgres_killed,
        connections_cut,
        broker_flushed,
        broker_killed,
        two_tickers,
    )
}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rig, is_perfect = Rig(), True
    try:
        rig.prepare()
        rig.start()
        print(f"{'fault':<20}{'rounds':>8}{'armed':>8}{'done':>8}{'doubled':>9}{'lost':>6}{'worst lag s':>13}")
        for name, fault in FAULTS.items():
            outcomes = []
            for _ in range(rounds):
                outcomes.append(fault(rig))
                rig.wait_until_ready()
            is_perfect &= all(outcome.is_perfect for outcome in outcomes)
            print(
                f"{name:<20}{rounds:>8}{sum(o.armed for o in outcomes):>8}{sum(o.done for o in outcomes):>8}"
                f"{sum(o.doubled for o in outcomes):>9}{sum(o.never_stored for o in outcomes):>6}"
                f"{max(o.worst_lag_seconds for o in outcomes):>13.1f}",
                flush=True,
            )
        code = rig.stop()
        left = rig.processes()
        print(f"stop: exit code {code}, processes left over {len(left)}")
        return 0 if is_perfect and code == 0 and not left else 1
    except (psycopg.Error, TimeoutError) as error:
        print(f"the installation did not come back: {error}", file=sys.stderr)
        return 1
    finally:
        rig.remove()


if __name__ == "__main__":
    sys.exit(main())
