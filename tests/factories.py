"""Test data. Each area adds its own factories below its heading."""

import factory

from crm.staff.choices import Availability, Role
from crm.staff.models import Membership, Team, User

PASSWORD = "kean-test-Wr7-password"

# Staff ----------------------------------------------------------------------------------


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"团队{n}")


class UserFactory(factory.django.DjangoModelFactory):
    """A person online on the given `team` (none by default), with the password `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    display_name = factory.LazyAttribute(lambda person: f"员工 {person.username}")
    role = Role.AGENT
    availability = Availability.ONLINE
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def team(self, create: bool, extracted: Team | None, **kwargs: object) -> None:
        if create and extracted is not None:
            Membership.objects.create(user=self, team=extracted, is_primary=True)
