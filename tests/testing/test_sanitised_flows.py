"""The main job, recorded over HTTP at a simulated vendor, sanitised, replayed without a network."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
import vcr
from secret_corpus import class_of
from vcr.serialize import deserialize
from vcr.serializers import yamlserializer

from portraitkit.simulators import demo
from portraitkit.testing.cassettes import cassettefile
from portraitkit.testing.review.linting import Limits, lint
from portraitkit.testing.sanitising.pseudonyms import Pseudonyms
from portraitkit.testing.sanitising.sanitiser import Sanitiser

CONTRACTS = Path(__file__).parents[2] / "providers"
PICTURE = Path(demo.__file__).parent / "data" / "face.jpg"


def recorder(mode: str, match=()) -> vcr.VCR:
    return vcr.VCR(record_mode=mode, match_on=match or ("method", "uri", "body"))


def run(vendor: str, config: Path, video: Path) -> demo.Report:
    report = demo.Report(vendor)
    demo.main_job(vendor, PICTURE, video, config, report)
    return report


@pytest.fixture(scope="module", params=demo.VENDORS)
def recording(request, tmp_path_factory):
    """One vendor's main job as vcrpy wrote it, and what the job came to."""
    vendor = request.param
    tmp_path = tmp_path_factory.mktemp(vendor)
    raw = tmp_path / "raw.yaml"
    times = {"review_s": 0.05, "queue_s": 0.05, "render_s": 0.05}
    with demo.sandbox(tmp_path, 0.03, ways=[vendor], **times):
        config = tmp_path / "portraitkit.toml"
        with recorder("all").use_cassette(str(raw)):
            report = run(vendor, config, tmp_path / "live.mp4")
        yield vendor, raw, config, report


def test_a_sanitised_recording_replays(recording, tmp_path):
    """The same job comes to the same end, and nothing of the account is in the file."""
    vendor, raw, config, live = recording
    cassette = cassettefile.load(raw)
    keys = [getattr(demo.ACCOUNT, key) for key in demo._CREDENTIALS]
    fields = class_of(vendor).secret_fields
    cleaned = Sanitiser(fields, keys, Pseudonyms(b"s" * 32)).clean(cassette)
    cleaned["origin"] = {
        "evidence": "recorded",
        "provider": class_of(vendor).name,
        "recorded_at": "2026-03-18T00:00:00+00:00",
        "sources": ["a simulated vendor"],
    }
    path = tmp_path / "clean.yaml"
    cassettefile.save(path, cleaned)
    veil = Sanitiser(fields, (), Pseudonyms(b"")).veil

    def veiled(first, second) -> bool:
        return asked(veil, first) == asked(veil, second)

    player = recorder("none")
    player.register_matcher("veiled", veiled)
    player.match_on = ("veiled",)
    with player.use_cassette(str(path)) as tape:
        replayed = run(vendor, config, tmp_path / "replayed.mp4")
    text = path.read_text(encoding="utf-8")

    assert tape.all_played
    assert live.statuses == replayed.statuses
    assert live.video_field == replayed.video_field
    assert (tmp_path / "replayed.mp4").read_bytes()[4:8] == b"ftyp"
    assert [] == [key for key in keys if key in text]
    assert [] == [word for word in ("Mia", "Ann", "mia.jpg") if word in text]
    assert live.asset_id not in text
    assert [] == lint([path], Limits(contracts=CONTRACTS))


def test_a_recording_that_was_not_sanitised_is_found(recording):
    """The linter names the file, the interaction and the place, and shows no value."""
    vendor, raw, _, live = recording
    cassette = cassettefile.load(raw)
    cassette["origin"] = {"evidence": "recorded", "provider": class_of(vendor).name}
    cassette["origin"]["recorded_at"] = "2026-03-18"
    path = raw.with_name("unclean.yaml")
    cassettefile.save(path, cassette)
    found = [each for each in lint([path], Limits(contracts=CONTRACTS)) if each.rule == "secret"]

    assert len(cassette["interactions"]) - 1 <= len({each.interaction for each in found})
    assert any("request.headers.authorization" in each.problem.lower() for each in found)
    assert [] == [each for each in found if demo.ACCOUNT.api_key in str(each)]
    assert [] == [each for each in found if live.asset_id in str(each)]


def asked(veil, request) -> object:
    found = veil(
        {
            "method": request.method,
            "uri": request.uri,
            "headers": dict(request.headers),
            "body": request.body or "",
        }
    )
    body = found["body"]
    with suppress(ValueError, TypeError):
        body = json.loads(body)
    return found["method"], found["uri"], body


def test_the_form_on_disk_is_vcrpys_own(recording):
    """Vcrpy reads out of our form what it wrote itself."""
    _, raw, _, _ = recording
    text = raw.read_text(encoding="utf-8")
    theirs = deserialize(text, yamlserializer)
    ours = deserialize(cassettefile.dump(cassettefile.load(raw)), yamlserializer)

    assert [each.uri for each in theirs[0]] == [each.uri for each in ours[0]]
    for mine, its in zip(ours[1], theirs[1], strict=True):
        assert plain(its["body"]["string"]) == plain(mine["body"]["string"])
        assert its["status"] == mine["status"]


def plain(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body
