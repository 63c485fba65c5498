"""What an application asks is what a cassette recorded: each change is seen, and named."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

import portraitkit as pk
from portraitkit.testing import plugin
from portraitkit.testing.cassettes.tape import CassetteMissError
from portraitkit.testing.recording import cassette

PHOTO = "https://photos.shop.com/mia/front.jpg"


@pytest.fixture(autouse=True)
def outside_of_pytest(monkeypatch):
    """As a script would use it, whose recordings are in no run's summary."""
    monkeypatch.setattr(plugin, "_CONFIGS", [])
    monkeypatch.delenv("PORTRAITKIT_PROFILE", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cassettes")


def picture(colour="red", size=(400, 400)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def order(
    name="Mia",
    title="front",
    photo=PHOTO,
    content=None,
    prompt="{mia} greets {leo}",
    labels=("mia", "leo"),
    callback_url="https://app.shop.com/done",
    again=False,
    **parameters,
):
    """Register two looks of a person, and order a video of both."""
    wanted = {"model": "seedance-2.0", "duration_s": 5, "resolution": "720p", "seed": 7}
    with pk.connect() as client:
        group = client.create_group(name)
        source = photo if client.provider.name == "volcengine" else content or picture()
        assets = [client.add_asset(group, source, name=each) for each in (title, "side")]
        ready = [client.wait_until_active(each) for each in assets]
        media = pk.References(images=dict(zip(labels, ready, strict=True)))
        video = pk.VideoRequest(
            prompt=prompt, media=media, callback_url=callback_url, **(wanted | parameters)
        )
        task = client.create_video(video)
        if again:
            client.create_video(video)
        return client.wait_for_video(task)


def recorded(folder, vendor, **playing):
    file = folder / f"{vendor}-{'-'.join(playing)}.portrait.yaml"
    if not file.exists():
        with cassette(file, record="once", profile=f"simulator:{vendor}", **playing):
            order()
    return file


CHANGES = {
    "the prompt": ("volcengine", {"prompt": "{mia} waves at {leo}"}, "content[0].text"),
    "a group's name": ("volcengine", {"name": "Leo"}, "Name"),
    "an asset's name": ("volcengine", {"title": "left"}, "Name"),
    "a URL": ("volcengine", {"photo": PHOTO.replace("mia/", "leo/")}, "URL"),
    "a URL's query": ("volcengine", {"photo": f"{PHOTO}?size=2"}, "URL"),
    "a URL's host": ("volcengine", {"photo": PHOTO.replace("photos", "pictures")}, "URL"),
    "a picture": ("alltoken", {"content": picture("blue")}, "file.value"),
    "a picture's size": ("alltoken", {"content": picture(size=(400, 500))}, "file.value"),
    "the order of references": ("volcengine", {"labels": ("leo", "mia")}, "content[0].text"),
    "the model": ("volcengine", {"model": "seedance-2.0-fast"}, "model"),
    "the duration": ("volcengine", {"duration_s": 8}, "duration"),
    "the resolution": ("volcengine", {"resolution": "480p"}, "resolution"),
    "the seed": ("volcengine", {"seed": 8}, "seed"),
    "a parameter more": ("volcengine", {"ratio": "9:16"}, "ratio"),
    "the callback": ("volcengine", {"callback_url": "https://app.shop.com/ready"}, "callback_url"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_a_miss_that_names_it(folder, change):
    """Also of what a cassette does not hold: names, prompts, links, pictures."""
    vendor, changed, field = CHANGES[change]
    file = recorded(folder, vendor)
    with cassette(file):
        _ = order()

    with pytest.raises(CassetteMissError) as missed, cassette(file):
        order(**changed)

    assert field in str(missed.value).partition("Changed: ")[2].partition(". Secret")[0].split(", ")


def test_nothing_of_what_changed_is_shown(folder):
    """Neither the recorded value nor the asked one: digests alone."""
    with pytest.raises(CassetteMissError) as missed, cassette(recorded(folder, "volcengine")):
        order(prompt="{mia} and {leo} in Zanzibar", photo=PHOTO)

    assert "Zanzibar" not in str(missed.value)
    assert "Image 1 Image 2" in str(missed.value)
    assert "greets" not in recorded(folder, "volcengine").read_text(encoding="utf-8")


def test_what_stands_in_the_test_may_be_kept_in_plain(folder):
    """The miss shows both prompts, and the file is told which members it keeps."""
    file = recorded(folder, "volcengine", plain=("text", "prompt"))
    assert "Image 1 greets Image 2" in file.read_text(encoding="utf-8")

    with pytest.raises(CassetteMissError) as missed, cassette(file):
        order(prompt="{mia} waves at {leo}")

    assert '"text": "Image 1 greets Image 2"' in str(missed.value)
    assert '"text": "Image 1 waves at Image 2"' in str(missed.value)


def groups(*names):
    with pk.connect() as client:
        return [client.create_group(name).id for name in names]


async def groups_at_once(*names):
    async with pk.connect_async() as client:
        async with asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(client.create_group(name)) for name in names]
        return [each.result().id for each in made]


@pytest.fixture
def two_groups(tmp_path):
    file = tmp_path / "groups.portrait.yaml"
    with cassette(file, record="once", profile="simulator:alltoken"):
        groups("Mia", "Leo")
    with cassette(file):
        return file, groups("Mia", "Leo")


def test_creates_are_told_apart(two_groups):
    """Asked in another order, and by tasks at the same time, each gets its own answer."""
    file, (mia, leo) = two_groups
    with cassette(file):
        assert [leo, mia] == groups("Leo", "Mia")
    with cassette(file):
        assert [leo, mia] == asyncio.run(groups_at_once("Leo", "Mia"))
