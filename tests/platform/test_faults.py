"""What is acknowledged is kept, and what is due happens once, whatever is killed. Short forms of `bin/faults`."""

from collections.abc import Callable, Iterator

import pytest

from tests.platform.faults import FAULTS
from tests.platform.rig import Outcome, Rig

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    installation = Rig()
    try:
        installation.prepare()
        installation.start()
        yield installation
    finally:
        installation.remove()


@pytest.mark.capability("A02")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_every_acknowledged_timer_fires_once(rig: Rig, fault: Callable[[Rig], Outcome]) -> None:
    outcome = fault(rig)
    assert outcome.is_perfect, outcome
    rig.wait_until_ready()


def test_ready_says_what_is_missing(rig: Rig) -> None:
    rig.wait_until_ready()
    assert rig.status("/healthz") == 200


def test_sigterm_stops_everything_it_started(rig: Rig) -> None:
    assert rig.stop() == 0
    assert rig.processes() == []
    assert not (rig.data / "env").exists()


def test_a_second_start_takes_at_most_15_seconds(rig: Rig) -> None:
    assert rig.start() <= 30  # 15 on a machine with nothing else to do
