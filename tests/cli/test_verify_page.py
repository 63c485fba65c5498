"""The page of a face check in a browser: by itself, by keyboard, on a phone, in both themes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import portraitkit as pk
from portraitkit.cli.verify_page import VerifyPage
from portraitkit.values.secret import Secret

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
WORDS = {
    "waiting": ("Scan it with the person's phone.", "请用本人的手机扫码。"),
    "verified": ("Verified.", "已通过验证。"),
    "expired": ("The link ran out.", "链接已过期。"),
    "failed": ("The check failed.", "验证未通过。"),
}
READABLE = 4.5


def check(life_s=119, token="H5-first"):
    return pk.Verification(
        provider="alltoken",
        account="a",
        id="check",
        status=pk.VerificationStatus.WAITING,
        token=Secret(token),
        link=Secret(f"https://vendor.invalid/h5/{token}"),
        expires_at=datetime.now(UTC) + timedelta(seconds=life_s),
    )


@pytest.fixture
def verify():
    page = VerifyPage("Ann Ångström-" + "x" * 40)
    page.show(check())
    with page.served():
        yield page


@pytest.fixture
def opened(browser, verify):
    """Opens the page; nothing on it may fail, or go elsewhere."""
    contexts, troubles = [], []

    def open_page(**options):
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("console", lambda each: each.type == "error" and troubles.append(each.text))
        tab.on(
            "request",
            lambda each: each.url.startswith("http://127.0.0.1:") or troubles.append(each.url),
        )
        tab.goto(verify.url)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert [] == [each for each in troubles if "favicon" not in each and "404" not in each]


def seen(tab):
    """Which of the states the page shows."""
    return [state for state in WORDS if tab.locator(f".{state}").is_visible()]


def until(tab, state):
    tab.locator(f".{state}").wait_for(state="visible", timeout=5000)


def test_it_turns_by_itself_and_offers_a_new_link(verify, opened):
    """Expired, asked anew by the keyboard alone, a new code, and then verified."""
    tab = opened()
    assert ["waiting"] == seen(tab)
    first = tab.locator("svg").inner_html()
    tab.locator("#life").wait_for(state="visible")
    assert tab.locator("#left").inner_text() in {f"1:5{n}" for n in range(5, 10)}

    verify.end("expired")
    until(tab, "expired")
    assert 0 == tab.locator("svg").count()
    tab.keyboard.press("Enter")
    verify.wait_for_again()
    verify.show(check(token="H5-second"))
    until(tab, "waiting")
    assert first != tab.locator("svg").inner_html()
    tab.keyboard.press("Tab")
    assert "https://vendor.invalid/h5/H5-second" == tab.evaluate("document.activeElement.href")

    verify.end("verified")
    until(tab, "verified")
    assert ["verified"] == seen(tab)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_each_state_fits_and_can_be_read(verify, opened, scheme, size):
    """No scrolling sideways, both languages, contrast, and a code on white with its margin."""
    tab = opened(viewport=size, color_scheme=scheme)
    for state, words in WORDS.items():
        verify.end(state)
        tab.reload()
        assert [state] == seen(tab)
        assert all(word in tab.locator(f".{state}").inner_text() for word in words)
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
        for ink, paper in tab.evaluate(COLOURS):
            assert contrast(ink, paper) >= READABLE, (state, ink, paper)
        if state == "waiting":
            box = tab.locator("svg").bounding_box()
            assert box["width"] >= 200
            assert box["y"] + box["height"] < size["height"]


COLOURS = """[...document.querySelectorAll('main p, main a, main button, main [lang=zh], main h1')]
  .filter(each => each.offsetParent).map(each => {
    let paper = each
    const back = () => getComputedStyle(paper).backgroundColor
    while (back() === 'rgba(0, 0, 0, 0)') paper = paper.parentElement
    return [getComputedStyle(each).color, back()]
  })"""


def contrast(ink, paper):
    """How well one colour stands out from another, as WCAG has it."""
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(each) / 255 for each in colour.removeprefix("rgb(").rstrip(")").split(",")]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
