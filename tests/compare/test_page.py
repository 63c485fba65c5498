"""The report's page in a browser: from disk, in step, sortable, blind, and deaf to scripts."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from folders import PROFILES, SCRIPT, Comparison

from portraitkit.compare import Comparison as Pages
from portraitkit.compare import report

pytestmark = pytest.mark.browser
FRAME = 1 / 24


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A page with videos."""
    comparison = Comparison(tmp_path_factory.mktemp("plain"), runs=2)
    report.write(comparison.write())
    comparison.write_videos()
    return (comparison.folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page whose plan, vendors and files all try to run a script."""
    comparison = Comparison(tmp_path_factory.mktemp("hostile"), runs=1, hostile=True)
    for event in comparison.events:
        if event["event"] == "downloaded":
            event["file"] = 'videos/x.mp4" onerror="window.ran = 1'
    report.write(comparison.write())
    return (comparison.folder / "index.html").as_uri()


@pytest.fixture
def opened(browser):
    """Opens a page; nothing it shows may end in an error, or go to a network."""
    contexts, troubles = [], []

    def open_page(address, **options):
        contexts.append(browser.new_context(locale="en-GB", **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda each: each.type == "error" and troubles.append(each.text))
        page.on("request", lambda each: is_far(each.url) and troubles.append(each.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [] == [each for each in troubles if "ERR_FILE_NOT_FOUND" not in each]


def is_far(address):
    return not address.startswith(("file:", "blob:", "data:"))


def positions(page):
    return page.evaluate("[...document.querySelectorAll('video')].map(each => each.currentTime)")


def until(page, condition):
    """Wait in the page; Playwright's own wait is a string that the page's policy refuses."""
    look = f"const look = () => ({condition}) ? done() : requestAnimationFrame(look); look()"
    page.evaluate(f"new Promise(done => {{ {look} }})")


def wait_for_videos(page):
    ready = "each.readyState >= 2 && !each.seeking"
    until(page, f"[...document.querySelectorAll('video')].every(each => {ready})")


def test_opens_from_disk(opened, plain):
    """It loads without an error and without a network, and shows every section."""
    page = opened(plain)

    assert page.locator("section").count() == 11
    assert page.locator("canvas").count() == 4
    assert page.locator("h1").inner_text() == "Portraits, spring"
    for profile in PROFILES:
        assert profile in page.locator("#summary .cards").inner_text()


@pytest.mark.parametrize("left", [{"opened"}, {"opened", "session", "registered", "asked"}])
def test_opens_before_there_is_a_video(opened, tmp_path, left):
    """A comparison that has only begun has a page, too, and it says how likeness is measured."""
    comparison = Comparison(tmp_path, runs=1)
    comparison.events = [each for each in comparison.events if each["event"] in left]
    report.write(comparison.write())
    page = opened((tmp_path / "index.html").as_uri())

    assert "pip install 'portraitkit[likeness]'" in page.locator("#likeness").inner_text()
    page.get_by_role("link", name="Vote blind").click()
    page.locator(".page").get_by_text("No round has two videos").wait_for()


def test_plays_in_step(opened, plain):
    """One control plays all videos of a scene; while they play and when they stop they agree."""
    page = opened(plain)
    wait_for_videos(page)
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelector('video').currentTime > 0.5")
    playing = positions(page)
    page.get_by_role("button", name="Pause").click()
    wait_for_videos(page)
    paused = positions(page)

    assert len(playing) == 4  # the fifth failed
    assert max(playing) - min(playing) < 0.25
    assert max(paused) - min(paused) < FRAME / 2
    assert all(page.evaluate("[...document.querySelectorAll('video')].map(each => each.paused)"))


def test_steps_frame_by_frame(opened, plain):
    """A key moves all videos by one frame, forward and back."""
    page = opened(plain)
    wait_for_videos(page)
    seen = []
    for key in "...,":
        page.keyboard.press(key)
        wait_for_videos(page)
        (frame,) = {int(each / FRAME) for each in positions(page)}
        seen.append(frame)

    assert seen == [1, 2, 3, 2]


def test_run_and_scene_are_chosen(opened, plain):
    """Another scene shows its own prompt and what was refused there."""
    page = opened(plain)
    page.locator("#videos").get_by_role("button", name="harbour").click()

    assert "清晨的港口" in page.locator("#videos .prompt").inner_text()
    assert "InputImageSensitive" in page.locator("#videos .none").inner_text()


def test_table_sorts(opened, plain):
    """A heading sorts up, then down, and what was not measured stays last."""
    page = opened(plain)

    def order():
        return page.locator("#table tbody th").all_inner_texts()

    heading = page.locator("[data-sort=downloaded]")
    heading.click()
    up = [each.split()[0] for each in order()]
    heading.click()
    down = [each.split()[0] for each in order()]

    assert up[0] == "dahlia"
    assert "cedar" in up[-2:]
    assert sorted(up) == sorted(PROFILES)
    if up[-1] == "elm":  # nothing measured
        assert [*up[:-1][::-1], "elm"] == down
    else:
        assert up[::-1] == down
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_blind_votes(opened, plain, tmp_path):
    """No vendor is named before the result; votes are exported, forgotten and read back."""
    page = opened(plain + "#blind")
    rounds = 0
    while page.locator(".votes").count():
        shown = page.locator("body").inner_text()
        assert not [profile for profile in PROFILES if profile in shown]
        assert "%" not in shown
        page.keyboard.press("1" if rounds else "0")
        rounds += 1
    page.get_by_role("button", name="Show the result").click()
    result = page.locator("#preferences").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export votes").click()
    download.value.save_as(tmp_path / "votes.json")
    votes = json.loads((tmp_path / "votes.json").read_text())
    page.get_by_role("button", name="Vote anew").click()
    assert page.locator(".votes").count()
    page.locator("input[type=file]").set_input_files(tmp_path / "votes.json")
    page.get_by_role("button", name="Show the result").click()

    assert rounds == len(votes["votes"]) == 8
    assert sum(each["best"] is None for each in votes["votes"]) == 1
    counted = Pages(Path(unquote(urlsplit(plain).path)).parent).votes(tmp_path / "votes.json")
    assert counted
    for each in counted:
        assert f"{each.profile}\t{each.chosen.k} of {each.chosen.n}" in result
    assert "95 % interval" in result
    assert "inside the noise" in result
    assert page.locator("#preferences").inner_text() == result


def test_votes_survive_leaving(opened, plain):
    """A vote is kept when the page is left and opened again."""
    page = opened(plain + "#blind")
    page.keyboard.press("1")
    page.reload()

    assert "2 of 8" in page.locator("main").inner_text()


@pytest.mark.parametrize("text", ["no JSON", '{"format": "portraitkit votes", "votes": 3}'])
def test_foreign_votes_are_refused(opened, plain, tmp_path, text):
    """A file without votes on this comparison is told so, and changes nothing."""
    (tmp_path / "votes.json").write_text(text)
    page = opened(plain + "#blind")
    page.locator("input[type=file]").set_input_files(tmp_path / "votes.json")

    page.get_by_text("holds no votes on this comparison").wait_for()
    assert "1 of 8" in page.locator("main").inner_text()


@pytest.mark.parametrize("hash", ["", "#blind"])
def test_scripts_from_outside_do_not_run(opened, hostile, hash):
    """A script in a plan, a prompt, a file's name or a vendor's words is shown and never run."""
    page = opened(hostile + hash)
    for scene in page.locator("#videos .tabs button").all()[:2]:
        scene.click()
    page.get_by_role("button", name="中文").click()

    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    if not hash:
        assert SCRIPT in page.locator("h1").inner_text()
        assert SCRIPT in page.locator("#refusals").inner_text()


def test_policy_stops_other_scripts(browser, plain):
    """Even markup that came into the page would run nothing: the policy names its two scripts."""
    page = browser.new_page()
    page.goto(plain)
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'ran = 1'}))"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=ran=1>')")
    page.wait_for_timeout(100)

    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("hash", ["", "#blind"])
def test_fits_its_window(opened, plain, hostile, width, hash):
    """Nothing is cut off at the side, on a phone and on a wide screen, with long words too."""
    for address in (plain, hostile):
        page = opened(address + hash, viewport={"width": width, "height": 800})

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_speaks_english_and_chinese(opened, plain):
    """Every phrase stands in both languages, and a button changes between them."""
    page = opened(plain)
    page.get_by_role("button", name="中文").click()

    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("nav a").first.inner_text() == "概览"
    assert page.evaluate("Object.keys(WORDS.en).join()") == page.evaluate(
        "Object.keys(WORDS.zh).join()"
    )


def test_is_light_and_dark(opened, plain):
    """It follows the system, and a choice overrules that."""
    ground = "getComputedStyle(document.body).backgroundColor"
    page = opened(plain, color_scheme="dark")
    dark = page.evaluate(ground)
    page.get_by_label("Theme").select_option("light")

    assert dark == "rgb(18, 20, 23)"
    assert page.evaluate(ground) == "rgb(246, 246, 243)"


def test_keyboard_reaches_everything(opened, plain):
    """Tab goes to each control in turn, and space plays when none has the focus."""
    page = opened(plain)
    wait_for_videos(page)
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press(" ")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent"))

    assert {"English", "Vote blind", "Play", "harbour", "Delivered"} <= reached
