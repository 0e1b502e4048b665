"""The page frame in a browser: keys, palette, clocks, look, widths."""

import pytest
from playwright.sync_api import Page, expect

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def press_composing(page: Page, key: str) -> None:
    """What a browser reports for a key that belongs to an input method."""
    page.evaluate(
        "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, isComposing: true, bubbles: true}))", key
    )


@pytest.mark.capability("J25")
def test_one_signs_in_and_out(open_as: OpenAs, agent: User) -> None:
    page = open_as(None, "/accounts/login/?next=/team/")
    page.get_by_label("用户名").fill("agent")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确。")
    expect(page.get_by_label("用户名")).to_have_value("agent")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("团队")
    page.get_by_label("账号").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_the_palette_finds_and_goes(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/team/")
    page.keyboard.press("Control+k")
    palette = page.locator("#kean-palette")
    expect(palette).to_be_visible()
    page.keyboard.type("个人")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("个人设置")


def test_keys_go_places_and_the_map_shows_them(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/profile/")
    page.keyboard.press("?")
    expect(page.locator("#kean-keys")).to_contain_text("前往团队")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", level=1)).to_have_text("团队")


def test_no_key_fires_while_an_input_method_composes(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/team/")
    press_composing(page, "?")
    expect(page.locator("#kean-keys")).not_to_be_visible()


def test_keys_are_letters_inside_a_field(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/profile/")
    field = page.get_by_label("名称")
    field.click()
    page.keyboard.type("g m?")
    expect(field).to_have_value("g m?")


def test_a_clock_ticks_into_overdue_without_a_request(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/team/")
    # The page's time is held and moved by hand: however slow the machine, nothing is missed.
    page.clock.install()
    page.reload()
    page.clock.pause_at(page.evaluate("Date.now() + 60_000"))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate(
        """() => {
            const due = new Date(Date.now() + 300_000).toISOString();
            document.querySelector("main").insertAdjacentHTML("beforeend",
                `<span class="k-clock" data-due="${due}"><i class="ti"></i><span class="k-clock-left"></span></span>`);
        }"""
    )
    chip = page.locator(".k-clock")
    page.clock.run_for(2_000)
    expect(chip).to_have_attribute("data-state", "soon")
    expect(chip).to_contain_text("仅剩")
    page.clock.fast_forward(600_000)
    expect(chip).to_have_attribute("data-state", "late")
    expect(chip).to_contain_text("超时")
    # The bell asks once a page, the page tells that somebody is there; the clock asks nobody.
    assert not [url for url in requests if not url.endswith(("/notices/count/", "/team/heartbeat/"))]


def test_the_look_is_kept(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/profile/", color_scheme="light")
    with page.expect_response("**/profile/preferences/"):
        page.locator("main").get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_look_follows_the_system(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/team/", color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_state_is_changed_without_reloading(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, "/team/")
    page.evaluate("window.stayed = true")
    page.locator("#presence summary").click()
    page.locator("#presence").get_by_role("button", name="小休").click()
    expect(page.locator("#presence summary")).to_contain_text("小休")
    assert page.evaluate("window.stayed") is True
    agent.refresh_from_db()
    assert agent.availability == "break"


@pytest.mark.parametrize("path", ["/team/", "/profile/"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_the_page(open_as: OpenAs, agent: User, path: str, width: int) -> None:
    page = open_as(agent, path, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("link", name="团队").first).to_be_visible()
