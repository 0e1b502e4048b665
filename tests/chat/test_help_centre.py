"""The help centre shows published articles for customers, and nothing else."""

import pytest
from django.test import Client

from core.versions import services as versions
from crm.staff.models import User
from knowledge.models import ArticleVersion, ReaderVote

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B10")]


def test_sections_and_search_lead_to_an_article(articles: dict[str, ArticleVersion]) -> None:
    client = Client()
    pk = articles["public"].item_id
    home = client.get("/help/").content.decode()
    assert "退换货" in home
    assert "退货运费由谁承担" in client.get("/help/sections/退换货/").content.decode()
    assert f"/help/articles/{pk}/" in client.get("/help/?q=运费谁承担").content.decode()
    assert "来回运费都由我们承担" in client.get(f"/help/articles/{pk}/").content.decode()


def test_internal_and_retired_articles_do_not_exist(articles: dict[str, ArticleVersion], supervisor: User) -> None:
    client = Client()
    internal, public = articles["internal"], articles["public"]
    assert "内部赔付" not in client.get("/help/?q=内部赔付上限").content.decode().replace("“内部赔付上限”", "").replace(
        'value="内部赔付上限"', ""
    ).replace("<title>内部赔付上限", "")
    assert client.get(f"/help/articles/{internal.item_id}/").status_code == 404
    versions.retire(version=public, actor=supervisor)
    assert client.get(f"/help/articles/{public.item_id}/").status_code == 404
    assert client.get("/help/sections/退换货/").status_code == 404


def test_one_vote_a_reader(articles: dict[str, ArticleVersion]) -> None:
    client, address = Client(), f"/help/articles/{articles['public'].item_id}/vote/"
    client.post(address, {"is_helpful": "yes"})
    client.post(address, {"is_helpful": "no"})
    Client().post(address, {"is_helpful": "yes"})
    assert sorted(ReaderVote.objects.values_list("is_helpful", flat=True)) == [False, True]
    assert client.post(address, {"is_helpful": "maybe"}).status_code == 400


def test_strange_queries_are_answered(articles: dict[str, ArticleVersion]) -> None:
    for query in ("", "%00", "<script>alert(1)</script>", "长" * 3000, "🙂"):
        answer = Client().get("/help/", {"q": query})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
