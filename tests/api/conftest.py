"""HTTP clients of the cast, and the small desk of the ticket tests."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.staff.models import User
from crm.staff.services.tokens import issue_token
from tests.tickets.conftest import desk, frozen, make_ticket

__all__ = ["desk", "frozen", "make_ticket"]


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """A client that speaks for a person with a real token, or for nobody."""

    def make(user: User | None = None) -> APIClient:
        client = APIClient(raise_request_exception=True)
        if user is not None:
            _row, token = issue_token(user=user, name="test", actor=user)
            client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return make


@pytest.fixture
def complaint() -> dict[str, Any]:
    return {
        "channel": "taobao",
        "external_id": "tb-1",
        "subject": "杯子碎了",
        "body": "收到的玻璃杯碎了两个，我要投诉，赶紧给我退款！",
        "customer": {"name": "陈女士", "phone": "13800138000", "external_ids": {"taobao": "tb_88"}},
        "order_no": "TB20261118001",
    }
