"""Telling the story: who comes when, and the end that is now."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from core import clock
from core.ranking.counting import recount
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.staff.models import User
from crm.workbench.demo.articles import write_articles
from crm.workbench.demo.buyers import Buyer, Purchase, make_buyers, note_consents, purchase
from crm.workbench.demo.conversations import EVERYWHERE, Topic, topics
from crm.workbench.demo.desk import show_desk
from crm.workbench.demo.dice import Dice
from crm.workbench.demo.earlier import before_the_story
from crm.workbench.demo.episodes import enter_episodes
from crm.workbench.demo.lives import Case, World, delivery, ordinary, shifts
from crm.workbench.demo.logistics import show_logistics
from crm.workbench.demo.people import MEMBERS, SHANGHAI, Roster, hire, make_teams, serve
from crm.workbench.demo.procedures import settle as settle_procedures
from crm.workbench.demo.products import show_products
from crm.workbench.demo.scripts import write_scripts
from crm.workbench.demo.shop import FADING, HEATER, PRODUCTS, Product, furnish
from crm.workbench.demo.stage import Stage
from crm.workbench.demo.statistics import show_statistics
from crm.workbench.demo.watching import show_watching
from customers.models import Customer
from customers.services import compute_values
from knowledge.search import ARTICLES
from scripts_library.suggestion import SCRIPTS
from tickets import configuration
from tickets.models import Ticket

DAYS = 28
#: The last hours are busy whatever the time of day, so that the desk is alive.
LAST_HOURS = timedelta(hours=3)
PAST_TICKETS, LAST_TICKETS = 215, 52
#: How many acts a telling takes, about; for the bar alone.
EXPECTED_ACTS = 4000
#: What the shop sells besides the two things the story has in store something for.
ORDINARY = tuple(product for product in PRODUCTS if product not in (FADING, HEATER))
_HOURS = (3, 2, 1, 1, 1, 2, 4, 8, 16, 30, 36, 34, 26, 30, 34, 36, 32, 28, 26, 34, 40, 38, 24, 10)
_CHANNEL_WEIGHTS = {"home": 7, "chat": 3, "phone": 1.5, "web": 1.2, "api": 0.4}

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Summary:
    """What the telling left behind."""

    tickets: int
    open_tickets: int
    customers: int
    surveys: int
    visits: int
    #: What the rules did not let happen; empty unless the day makes the story stumble.
    broken: tuple[str, ...] = ()


@transaction.atomic
@configuration.apart()
def tell(*, password: str, end: datetime, progress: Progress) -> Summary:
    """Tell the whole story up to `end`, or nothing of it. The database holds no staff yet."""
    start = end - timedelta(days=DAYS)
    world = _open_shop(password, start, end)
    stage = Stage(end=end, roster=world.roster, progress=lambda acts: progress(acts / EXPECTED_ACTS))
    for member in MEMBERS:
        stage.enter(shifts(world, member.username, start), start - timedelta(days=1))
    town = Town(stage, world)
    for number, at in enumerate(_moments(start, world.roster.curtain, end)):
        stage.enter(ordinary(town("ordinary", number, at=at)), at)
    before_the_story(stage, world, town)
    enter_episodes(stage=stage, world=world, case=town, buyers=town.buyers)
    stage.play()
    with clock.at(end):
        settle_procedures(staff=world.staff, end=end)
        note_consents(town.buyers, actor=world.staff["luoanqi"])
        show_logistics(staff=world.staff, end=end)
        show_products(staff=world.staff)
        show_desk(staff=world.staff, end=end)
        show_statistics(staff=world.staff, end=end)
        show_watching(staff=world.staff, end=end)
        compute_values()
    recount(SCRIPTS)
    recount(ARTICLES)
    return Summary(
        tickets=Ticket.objects.count(),
        open_tickets=Ticket.objects.open().count(),
        customers=Customer.objects.count(),
        surveys=SurveyInvitation.objects.filter(answered_at__isnull=False).count(),
        visits=FollowUpVisit.objects.count(),
        broken=tuple(stage.broken),
    )


def _open_shop(password: str, start: datetime, end: datetime) -> World:
    """The shop before the first ticket of the story: people, rules, words."""
    with clock.at(start - timedelta(days=60)):
        teams = make_teams()
        staff: dict[str, User] = hire(teams=teams, password=password)
        shop = furnish(actor=staff["admin"], until=end)
        serve(teams=teams, queues=shop.queues, actor=staff["admin"])
    library = write_scripts(staff=staff, start=start - timedelta(days=58))
    write_articles(staff=staff, start=start - timedelta(days=42), end=end)
    return World(staff, shop, library, Roster(curtain=end - LAST_HOURS))


def _moments(start: datetime, curtain: datetime, end: datetime) -> list[datetime]:
    """When customers come: by day and hour as shops know it, and many in the last hours."""
    dice = Dice("moments")
    midnight = start.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[datetime] = []
    while len(found) < PAST_TICKETS:
        day = dice.weighted(range(DAYS + 1), [10 + day // 3 for day in range(DAYS + 1)])
        hour = dice.weighted(range(24), _HOURS)
        moment = midnight + timedelta(days=day, hours=hour, seconds=dice.number(0, 3599))
        if start <= moment < curtain:
            found.append(moment)
    found += [curtain + (end - curtain) * (number + 0.5) / LAST_TICKETS for number in range(LAST_TICKETS)]
    return sorted(found)


class Town:
    """Where the customers live: draws who writes about what, and puts their orders on the way."""

    def __init__(self, stage: Stage, world: World) -> None:
        self.buyers = make_buyers()
        self._stage = stage
        self._world = world
        self._seen: Counter[int] = Counter()

    def __call__(
        self,
        *words: object,
        at: datetime,
        topic: str = "",
        product: Product | None = None,
        channel: str = "",
        batch: str = "",
        body: str = "",
        buyer: Buyer | None = None,
    ) -> Case:
        """A case that begins at `at`; what is not given is drawn. `channel` "home" is where the buyer buys."""
        dice = Dice("case", *words)
        matter = topics()[topic] if topic else self._matter(dice)
        who = buyer or self._buyer(dice, matter, channel)
        goods = product or dice.one_of([item for item in ORDINARY if item.kind in matter.goods])
        bought = self._order(dice, who, goods, matter, at, batch) if matter.has_order else None
        return Case(
            world=self._world,
            dice=dice,
            topic=matter,
            buyer=who,
            product=goods,
            channel=self._channel(dice, who, matter, channel),
            bought=bought,
            batch=batch,
            body=body,
        )

    def _matter(self, dice: Dice) -> Topic:
        known = list(topics().values())
        return dice.weighted(known, [topic.weight for topic in known])

    def _buyer(self, dice: Dice, matter: Topic, channel: str) -> Buyer:
        """Somebody who can come by this channel; people come back, but not all the time."""
        homes = matter.channels if channel == "" else (channel,) if channel == "email" else EVERYWHERE
        fitting = [buyer for buyer in self.buyers if buyer.home in homes]
        chosen = min(dice.shuffled(fitting)[:3], key=lambda buyer: self._seen[buyer.number])
        self._seen[chosen.number] += 1
        return chosen

    def _channel(self, dice: Dice, buyer: Buyer, matter: Topic, wanted: str) -> str:
        if wanted not in ("", "home"):
            return wanted
        ways = {"home": buyer.home}
        if wanted == "":
            ways |= {key: key for key in _CHANNEL_WEIGHTS if key in matter.channels}
        return ways[dice.weighted(list(ways), [_CHANNEL_WEIGHTS[key] for key in ways])]

    def _order(self, dice: Dice, buyer: Buyer, goods: Product, matter: Topic, at: datetime, batch: str) -> Purchase:
        bought = purchase(dice=dice, buyer=buyer, product=goods, stage=matter.stage, at=at, batch=batch)
        self._stage.enter(delivery(self._world, bought), bought.ordered_at)
        return bought
