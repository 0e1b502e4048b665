"""Lives of the story: colleagues on their shifts, orders on their way, tickets from first word to last."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock
from core.questionnaires.models import InvitationState
from core.questionnaires.services import token_of
from crm.followups.choices import VisitOutcome, VisitStatus
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.followups.services import answer_survey, complete_visit
from crm.staff.choices import Availability
from crm.staff.models import User
from crm.staff.services import change_availability
from crm.workbench.demo.buyers import Buyer, Purchase
from crm.workbench.demo.conversations import COMMENTS, EDITED, REASONS, THANKS, Topic, Wording, fill_script
from crm.workbench.demo.dice import Dice
from crm.workbench.demo.people import BY_USERNAME, Roster
from crm.workbench.demo.scripts import Library
from crm.workbench.demo.shop import SHOP_OF_CHANNEL, SHOPS, Furnished, Product
from crm.workbench.demo.stage import Life
from tickets.choices import Confirmation, TicketStatus
from tickets.models import Ticket
from tickets.services import conversation, intake, transitions
from tickets.services.transitions import OBJECTION_PERIOD

SHOP_NAMES = {key: name for key, name, _platform in SHOPS}
#: Waits, and ends with who has the ticket then: nobody when it ended meanwhile.
Handler = Generator[datetime, None, User | None]
#: How long a customer thinks before writing again, in minutes.
CUSTOMER_PACE = {"chat": (0.5, 4), "phone": (5, 60), "email": (60, 900)}


@dataclass(frozen=True)
class World:
    """What every life needs to know."""

    staff: Mapping[str, User]
    shop: Furnished
    library: Library
    roster: Roster


def shifts(world: World, username: str, start: datetime) -> Life:
    """A colleague comes and goes, and stands in the end as the roster says."""
    user, finally_ = world.staff[username], BY_USERNAME[username].finally_
    for opens, closes in world.roster.spells(username, start, world.roster.curtain):
        yield opens
        change_availability(user=user, availability=Availability.ONLINE, actor=user)
        yield closes
        change_availability(user=user, availability=Availability.OFFLINE, actor=user)
    yield world.roster.curtain
    if user.availability != finally_:
        change_availability(user=user, availability=finally_, actor=user)


def delivery(world: World, bought: Purchase) -> Life:
    """The shop's system reports an order step by step."""
    for moment, values in bought.steps():
        yield moment
        bought.report(values, world.shop.shops)


@dataclass
class Case:
    """One ticket of the story, and the words spoken on it."""

    world: World
    dice: Dice
    topic: Topic
    buyer: Buyer
    product: Product
    channel: str
    bought: Purchase | None = None
    batch: str = ""
    body: str = ""
    number: str = ""
    pk: int = 0
    words: Wording = field(init=False)

    def __post_init__(self) -> None:
        amount = self.bought.total if self.bought else self.product.price
        order_no = self.bought.order_no if self.bought else ""
        self.words = Wording(dice=self.dice, topic=self.topic, product=self.product, order_no=order_no, amount=amount)

    # What the customer does ------------------------------------------------------------

    def arrive(self, *, subject: str = "", external_id: str = "") -> Ticket:
        """The first message comes in by the channel."""
        self.body = self.body or self.words.opening()
        request = intake.Request(
            channel=self.channel,
            external_id=external_id,
            body=self.body,
            subject=subject,
            type=self.topic.type,
            priority=self.topic.priority,
            shop=SHOP_OF_CHANNEL.get(self.buyer.home, "") if self.channel in ("phone", "email", "api") else "",
            product=self.product.sku if self.bought or self.dice.chance(0.6) else "",
            batch=self.batch,
            order_no=self.bought.order_no if self.bought else "",
            customer=self.buyer.given(self.channel),
        )
        actor = self._on_the_phone() if self.channel == "phone" else None
        ticket = intake.receive(request=request, actor=actor).ticket
        self.pk, self.number = ticket.pk, ticket.number
        self.buyer.customer = ticket.customer
        self.buyer.tickets.append(ticket.pk)
        return ticket

    def _on_the_phone(self) -> User | None:
        """Calls are written down by whoever is at the desk."""
        present = [name for name in self.world.staff if self.world.roster.is_on_duty(name, clock.now())]
        return self.world.staff[self.dice.one_of(present)] if present else None

    def write(self, body: str) -> None:
        conversation.customer_message(ticket=self.handle, body=body, actor=None)

    def rate(self, score: int) -> None:
        """Answer the survey of the latest solution, if it is still open."""
        survey = SurveyInvitation.objects.filter(ticket=self.pk).select_related("invitation").order_by("-pk").first()
        if survey is None or survey.invitation.state != InvitationState.OPEN:
            return
        token = token_of(survey.invitation)
        raw = {"score": score, "reasons": [self.dice.one_of(REASONS[score])]}
        if self.dice.chance(0.6):
            raw["comment"] = self.dice.one_of(COMMENTS[score])
        if token is not None:
            answer_survey(token=token, raw=raw)

    # What the desk does ----------------------------------------------------------------

    @property
    def row(self) -> Ticket:
        """What a life asks about its ticket; the services read and lock the whole row themselves."""
        known = ("status", "type", "merged_into", "assignee__username", "assignee__role", "assignee__is_active")
        return Ticket.objects.select_related("assignee").only(*known).get(pk=self.pk)

    @property
    def handle(self) -> Ticket:
        """Enough of the ticket for the services, which read and lock the row themselves."""
        return Ticket(pk=self.pk)

    def say(self, user: User, line: str, *, solved: bool = False) -> None:
        """Reply with a script (`@key`) or with words of one's own, then solve perhaps."""
        ticket = self.handle
        version = self.world.library.get(line[1:]) if line.startswith("@") else None
        if line.startswith("@") and version is None:
            version = self.world.library["soothe.sorry"]
        if version is None:
            conversation.reply(ticket=ticket, actor=user, body=self.words.fill(line))
        else:
            text = fill_script(version.body, self.words.placeholder_values(self._names(user)))
            if self.dice.chance(0.25):
                text += self.dice.one_of(EDITED)
            conversation.reply(ticket=ticket, actor=user, body=text, script_version=version)
        if solved:
            transitions.solve(ticket=ticket, actor=user)

    def note(self, user: User, line: str) -> None:
        conversation.add_note(ticket=self.handle, actor=user, body=self.words.fill(line))

    def _names(self, user: User) -> dict[str, str]:
        return {
            "customer_name": self.buyer.name,
            "ticket_number": self.number,
            "agent_name": user.name,
            "shop_name": SHOP_NAMES[SHOP_OF_CHANNEL[self.buyer.home]],
        }

    # Waiting ---------------------------------------------------------------------------

    def customer_pause(self) -> datetime:
        low, high = CUSTOMER_PACE.get(self.channel, (3, 240))
        return clock.now() + self.dice.minutes(low, high)

    def handler(self, low: float = 0, high: float = 0, *, is_live: bool = True) -> Handler:
        """Wait until somebody at the desk has the ticket and comes to it; None when it ended meanwhile."""
        patience = timedelta(minutes=self.dice.number(8, 25))
        while True:
            ticket = self.row
            if ticket.merged_into_id or not ticket.is_open:
                return None
            user = ticket.assignee
            if user is None:
                yield clock.now() + patience
                patience = min(patience * 1.5, timedelta(hours=2))
                continue
            now = clock.now()
            if self.world.roster.is_on_duty(user.username, now):
                if not high:
                    return self.world.staff[user.username]
                pace = BY_USERNAME[user.username].pace
                quick = 0.025 if is_live and self.channel == "chat" else 1
                yield now + self.dice.minutes(low, high) * pace * quick
                high = 0
                continue
            back = self.world.roster.next_on_duty(user.username, now)
            # Who does not come back before the story ends leaves the ticket as it is.
            yield back + self.dice.minutes(2, 50) if back else now + timedelta(days=365)


def ordinary(case: Case, *, subject: str = "") -> Life:
    """A ticket as most are: asked, answered, perhaps paused, solved, rated, closed."""
    case.arrive(subject=subject)
    yield from conversation_of(case)


def conversation_of(case: Case) -> Life:
    """Everything after the first message."""
    dice, topic = case.dice, case.topic
    user = yield from case.handler(6, 95)
    if user is None:
        return
    case.say(user, dice.one_of(topic.first))
    if topic.notes and dice.chance(0.3):
        yield clock.now() + dice.minutes(1, 15)
        case.note(user, dice.one_of(topic.notes))
    if topic.mood == "angry" and dice.chance(0.35):
        yield clock.now() + dice.minutes(5, 60)
        if case.row.is_open:
            transitions.escalate(ticket=case.row, actor=user, reason="客户情绪激动，诉求升级")
    rounds = dice.weighted((0, 1, 2), (45, 40, 15) if topic.mood == "calm" else (15, 50, 35))
    for _round in range(rounds):
        exchange = case.words.exchange()
        if exchange is None:
            break
        yield case.customer_pause()
        case.write(exchange[0])
        user = yield from case.handler(3, 80)
        if user is None:
            return
        case.say(user, exchange[1])
    if topic.pause and dice.chance(0.8):
        user = yield from pause(case, user)
        if user is None:
            return
    yield from ending(case, dice.one_of(topic.result))


def pause(case: Case, user: User) -> Handler:
    """Wait for the customer or a third party, then go on."""
    dice, topic = case.dice, case.topic
    if topic.pause == "wait":
        transitions.wait(ticket=case.row, actor=user, reason=topic.pause_reason)
        yield clock.now() + dice.hours(0.5, 40)
        case.write(case.words.fill(dice.one_of(topic.supply)))
    else:
        transitions.hold(ticket=case.row, actor=user, reason=topic.pause_reason)
        yield clock.now() + dice.hours(2, 50)
        resting = yield from case.handler()
        if resting is None:
            return None
        if case.row.is_paused:
            transitions.resume(ticket=case.row, actor=resting, reason="已收到回复")
    next_user: User | None = yield from case.handler(5, 100)
    return next_user


def ending(case: Case, result: str) -> Life:
    """The answer that settles it, and what comes after."""
    dice = case.dice
    # What needs goods or money to move takes hours also where people talk live.
    span = (40, 420) if case.topic.pause else (5, 120)
    user = yield from case.handler(*span, is_live=not case.topic.pause)
    if user is None:
        return
    case.say(user, result, solved=True)
    yield case.customer_pause()
    if dice.chance(0.45) and case.row.status == TicketStatus.SOLVED:
        case.write(dice.one_of(THANKS))
    if dice.chance(0.62):
        yield clock.now() + dice.hours(0.1, 20)
        case.rate(score_of(case))
    if case.topic.objection and dice.chance(0.09):
        yield from objection(case)
    yield from closing(case)


def score_of(case: Case) -> int:
    """Angry and late cases rate lower."""
    ticket = case.row
    late = ticket.clocks.filter(breached_at__isnull=False).exists()
    weights = {
        "happy": (0, 0, 1, 9, 90),
        "calm": (1, 3, 8, 28, 60),
        "upset": (6, 10, 20, 34, 30),
        "angry": (20, 18, 24, 24, 14),
    }[case.topic.mood]
    if late:
        weights = (weights[0] + 18, weights[1] + 14, weights[2] + 8, weights[3], weights[4] // 2)
    return case.dice.weighted((1, 2, 3, 4, 5), weights)


def objection(case: Case) -> Life:
    """Not settled after all: the customer writes again and the ticket re-opens."""
    yield clock.now() + case.dice.hours(8, 60)
    if case.row.status != TicketStatus.SOLVED:
        return
    case.write(case.words.fill(case.dice.one_of(case.topic.objection)))
    user = yield from case.handler(5, 90)
    if user is None:
        return
    case.say(user, "@soothe.wait")
    user = yield from case.handler(40, 600)
    if user is None:
        return
    case.say(user, case.dice.one_of(case.topic.result), solved=True)


def closing(case: Case) -> Life:
    """Closed when the customer agrees, else after a week without objection; complaints are visited later."""
    ticket = case.row
    agreed = case.dice.chance(0.75 if ticket.type == "complaint" else 0.4)
    yield clock.now() + (case.dice.hours(3, 30) if agreed else OBJECTION_PERIOD + case.dice.hours(1, 12))
    ticket = case.row
    if ticket.status != TicketStatus.SOLVED or ticket.assignee is None:
        return
    back = case.world.roster.next_on_duty(ticket.assignee.username, clock.now())
    if back is None:
        return
    yield back + case.dice.minutes(1, 40)
    ticket = case.row
    if ticket.status != TicketStatus.SOLVED:
        return
    confirmation = Confirmation.CUSTOMER if agreed else Confirmation.TIMEOUT
    transitions.close(ticket=ticket, actor=ticket.assignee, confirmation=confirmation)
    if ticket.type == "complaint":
        yield clock.now() + timedelta(seconds=2)
        yield from visit(case)


def visit(case: Case, outcome: str = "") -> Life:
    """The call three days later, once or twice."""
    dice = case.dice
    for attempt in range(3):
        planned = FollowUpVisit.objects.filter(ticket=case.pk, status=VisitStatus.PLANNED).first()
        if planned is None or planned.assignee is None:
            return
        caller = planned.assignee.username
        yield planned.due_at + dice.hours(0.2, 9)
        back = case.world.roster.next_on_duty(caller, clock.now())
        if back is None:
            return
        yield back + dice.minutes(5, 90)
        planned.refresh_from_db()
        if planned.status != VisitStatus.PLANNED:
            return
        result = outcome or _outcome(dice, attempt)
        complete_visit(visit=planned, actor=case.world.staff[caller], outcome=result, note=VISIT_NOTES[result])
        if result == VisitOutcome.UNSATISFIED:
            yield from after_visit(case)
        if result != VisitOutcome.UNREACHABLE:
            return


VISIT_NOTES = {
    VisitOutcome.SATISFIED.value: "客户表示已收到退款/商品，对处理结果满意。",
    VisitOutcome.UNSATISFIED.value: "客户表示问题又出现，要求重新处理。",
    VisitOutcome.UNREACHABLE.value: "无人接听，已发短信，明天再联系。",
}


def _outcome(dice: Dice, attempt: int) -> str:
    shares = (72, 8, 20) if attempt == 0 else (80, 10, 10)
    choices = (VisitOutcome.SATISFIED.value, VisitOutcome.UNSATISFIED.value, VisitOutcome.UNREACHABLE.value)
    return dice.weighted(choices, shares)


def after_visit(case: Case) -> Life:
    """The visit found the customer dissatisfied; the ticket is open again."""
    user = yield from case.handler(20, 200)
    if user is None:
        return
    case.say(user, "@soothe.sorry")
    user = yield from case.handler(300, 2000)
    if user is None:
        return
    case.say(user, case.dice.one_of(case.topic.result), solved=True)
    yield from closing(case)
