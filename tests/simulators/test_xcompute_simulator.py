"""The simulated xcompute keeps the promises of its sheet: tasks, partial reviews, variants."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asking import made, request_of, upload_of

import contract_judge
from portraitkit.simulators.state import VirtualClock, World, never
from portraitkit.simulators.xcompute import Variants, XComputeSimulator
from portraitkit.wire.steps import Request, Response

CONTRACT = contract_judge.load("xcompute")
ASSETS = [
    {"url": "https://example.com/a.png", "name": "a"},
    {"url": "https://example.com/b.png", "name": "b"},
]
REAL = "/v1/seedance2/real-avatar"
PRIVATE = "/v1/seedance2/private-avatar"
VIDEOS = "/v1/videos/generations"
IMAGE = {"url": "https://example.com/a.png", "role": "reference_image"}
FIRST = {"url": "https://example.com/a.png", "role": "first_frame"}
LAST = {"url": "https://example.com/a.png", "role": "last_frame"}
WEB = "https://example.com/a.mp4"
OPEN = {"callback_url": "https://example.com/callback"}


def simulator(world: World | None = None, **variants: Any) -> XComputeSimulator:
    return made(XComputeSimulator, world, variants=Variants(**variants))


def ask(
    sim: XComputeSimulator, method: str, path: str, body: Any = None, key: str = "key-main"
) -> Response:
    request = request_of(method, f"https://xcompute.us{path}", body, key=key)
    response = sim.handle(request)
    try:
        operation = CONTRACT.judge_request(request)
    except AssertionError:
        return response  # wrong on purpose
    CONTRACT.judge_answer(operation, response)
    return response


def said(response: Response) -> Any:
    return json.loads(response.content)


def data(sim: XComputeSimulator, method: str, path: str, body: Any = None) -> Any:
    return said(ask(sim, method, path, body))["data"]


def later(sim: XComputeSimulator, seconds: float) -> None:
    assert isinstance(sim.world.clock, VirtualClock)
    sim.world.clock.advance(seconds)


def open_check(sim: XComputeSimulator) -> dict[str, Any]:
    made = data(sim, "POST", REAL, OPEN)
    task = said(ask(sim, "GET", f"/v1/tasks/{made['id']}"))
    return task.get("data", task)["result"]


def real_group(sim: XComputeSimulator) -> str:
    return exchanged(sim)["result"]["group_id"]


def reviewed(sim: XComputeSimulator, path: str, body: dict[str, Any]) -> dict[str, Any]:
    made = data(sim, "POST", path, body)
    later(sim, sim.world.review_s)
    return data(sim, "GET", f"/v1/tasks/{made['id']}")


def virtual(**more: Any) -> dict[str, Any]:
    return {"group": {"name": "Mia"}, "assets": ASSETS, **more}


def exchanged(sim: XComputeSimulator, wait_s: float = 5) -> dict[str, Any]:
    """What step 2 answers, so long after the check was opened."""
    token = open_check(sim)["byted_token"]
    later(sim, wait_s)
    return data(sim, "POST", REAL, {"byted_token": token})


@pytest.mark.parametrize(
    ("how", "where"),
    [
        ("result", ["result", "group_id"]),
        ("data", ["group_id"]),
        ("raw", ["raw_response", "Result", "GroupId"]),
        ("task", ["result", "group_id"]),
    ],
)
def test_step_two_answers_in_the_chosen_shape(how, where):
    """`Variants.exchange` moves the group id; with "task" the task of an id alone has it."""
    sim = simulator(exchange=how)
    found = exchanged(sim)
    if how == "task":
        assert {"id", "status"} == set(found)
        found = data(sim, "GET", f"/v1/tasks/{found['id']}")
    for key in where:
        found = found[key]

    assert found in sim.world.groups


def test_a_check_that_is_not_finished_may_answer_without_a_group():
    """With `pending="no group"` step 2 succeeds, and holds no group id."""
    sim = simulator(pending="no group")
    answer = exchanged(sim, 0)
    task = data(sim, "GET", f"/v1/tasks/{answer['id']}")

    assert {"id", "status"} == set(answer)
    assert task["result"] == {"raw_response": {}}


def test_a_token_ends_after_its_life():
    """A person who never comes leaves a token that says expired."""
    sim = simulator(World(person=never))
    token = open_check(sim)["byted_token"]
    later(sim, 120)

    answer = ask(sim, "POST", REAL, {"byted_token": token})

    assert answer.status == 400
    assert "expired" in said(answer)["error"]["message"]


def test_the_notice_may_be_a_post():
    """With `notice="POST"` the callback gets a body, and the page redirects nowhere."""
    sim = simulator(World(person=never), notice="POST")
    link = open_check(sim)["h5_link"]

    done = sim.handle(Request(method="POST", url=link))

    assert done.status == 200
    assert ["POST"] == [notice.method for notice in sim.posted]
    assert json.loads(sim.posted[0].content)["resultCode"] == "10000"


def test_a_person_who_scans_is_told_to_the_callback_url_once():
    """The POST goes out when the check is found to be over, and never again."""
    sim = simulator(notice="POST")
    token = open_check(sim)["byted_token"]
    later(sim, 5)

    for _ in range(2):
        ask(sim, "POST", REAL, {"byted_token": token})

    assert [OPEN["callback_url"]] == [notice.url for notice in sim.posted]


def test_one_asset_may_be_given_in_short():
    """private-avatar takes `url` and `name` beside the group."""
    task = reviewed(simulator(), PRIVATE, {"group": {"name": "Mia"}, **ASSETS[0]})

    assert len(task["result"]["assets"]) == 1


def test_a_group_of_another_project_is_not_known():
    """project_name has to be the one that the group was made in."""
    sim = simulator()
    group_id = reviewed(sim, PRIVATE, virtual(project_name="films"))["result"]["group_id"]

    answers = [
        ask(sim, "POST", PRIVATE, {"group_id": group_id, "assets": ASSETS, **project})
        for project in ({}, {"project_name": "films"})
    ]

    assert [400, 200] == [answer.status for answer in answers]


def test_a_body_that_is_no_json_is_refused():
    """A damaged body is a 400."""
    assert ask(simulator(), "POST", REAL, b"{").status == 400


def test_a_failed_task_still_names_its_usable_assets():
    """One refused picture makes the task failed, with every asset and an error in it."""
    sim = simulator()
    sim.world.reject_assets["b"] = ("PolicyViolation", "no")
    group_id = real_group(sim)

    task = reviewed(sim, REAL, {"group_id": group_id, "asset_type": "Image", "assets": ASSETS})

    assert ("failed", "task_failed") == (task["status"], task["error"]["code"])
    assert ["Active", "Failed"] == [asset["status"] for asset in task["result"]["assets"]]
    assert len(task["result"]["usable_assets"]) == 1
    assert len(task["result"]["failed_assets"]) == 1


def test_asset_ids_are_unknown_until_the_review_ends():
    """A running review has no result."""
    sim = simulator()

    made = data(sim, "POST", PRIVATE, virtual())
    task = data(sim, "GET", f"/v1/tasks/{made['id']}")

    assert ("processing", 10) == (task["status"], task["progress"])
    assert "result" not in task


def test_a_review_tells_what_its_variants_choose():
    """The group's id may be left out, and each asset may have the upstream's words."""
    task = reviewed(simulator(group_id_in_result=False, names_in_items=True), PRIVATE, virtual())

    assert "group_id" not in task["result"]
    assert ["a", "b"] == [asset["raw_response"]["Name"] for asset in task["result"]["assets"]]


def test_tasks_may_come_without_an_envelope():
    """With `flat_tasks` a task is the whole body."""
    sim = simulator(flat_tasks=True)

    made = data(sim, "POST", PRIVATE, virtual())

    assert said(ask(sim, "GET", f"/v1/tasks/{made['id']}"))["id"] == made["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (REAL, {}),
        (REAL, {"callback_url": "not a url"}),
        (REAL, {"byted_token": "token_made_up"}),
        (REAL, {"group_id": "group-made-up", "assets": ASSETS}),
        (PRIVATE, {"assets": ASSETS}),
        (PRIVATE, {"group": {"name": ""}, "assets": ASSETS}),
        (PRIVATE, {"group": {"name": "Mia"}, "group_id": "g", "assets": ASSETS}),
        (PRIVATE, virtual(assets=[])),
        (PRIVATE, virtual(assets=ASSETS * 11)),
        (PRIVATE, virtual(assets=["https://example.com/a.png"])),
        (PRIVATE, virtual(assets=[{"url": "data:image/png;base64,AAAA"}])),
        (PRIVATE, virtual(asset_type="Text")),
    ],
)
def test_what_lacks_a_required_member_is_refused(path, body):
    """Nothing is made by a submission that breaks a rule."""
    sim = simulator()

    answer = ask(sim, "POST", path, body)

    assert answer.status == 400
    assert not sim.world.groups
    assert not sim.world.assets


@pytest.mark.parametrize("as_array", [True, False])
def test_a_video_runs_and_ends_in_a_link(as_array):
    """A video is pending, processing and completed; its link is a list or a string."""
    sim = simulator(url_as_array=as_array, create_as_array=as_array)
    body = {
        "model": "doubao-seedance-2.0",
        "prompt": "rain",
        "return_last_frame": True,
        "image_with_roles": [FIRST],
    }

    made = data(sim, "POST", VIDEOS, body)
    task_id = (made[0] if as_array else made)["task_id"]
    seen = []
    for seconds in (0, 5, 40):
        later(sim, seconds)
        seen.append(data(sim, "GET", f"/v1/tasks/{task_id}"))

    assert ["pending", "processing", "completed"] == [task["status"] for task in seen]
    file = seen[-1]["result"]["videos"][0]
    assert as_array is isinstance(file["url"], list)
    assert file["expires_at"] == int((sim.world.now() + timedelta(hours=24)).timestamp())
    assert seen[-1]["result"]["last_frame_url"].startswith(sim.base_url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "doubao-seedance-1.0"},
        {"prompt": ""},
        {"prompt": "x" * 4001},
        {"duration": 3},
        {"duration": 5.0},
        {"size": "2:1"},
        {"resolution": "8k"},
        {"resolution": "1080p", "model": "doubao-seedance-2.0-fast"},
        {"image_urls": [IMAGE["url"]], "image_with_roles": [IMAGE]},
        {"image_urls": [IMAGE["url"]] * 10},
        {"image_urls": "https://example.com/a.png"},
        {"image_urls": ["data:image/png;base64,AAAA"]},
        {"image_with_roles": ["https://example.com/a.png"]},
        {"image_with_roles": [{**IMAGE, "role": "hero"}]},
        {"image_with_roles": [FIRST, IMAGE]},
        {"image_with_roles": [LAST]},
        {"image_with_roles": [FIRST, LAST, LAST]},
        {"image_with_roles": [FIRST], "video_urls": [WEB]},
        {"video_urls": [WEB] * 4},
        {"audio_urls": [WEB]},
        {"audio_urls": [WEB] * 4, "video_urls": [WEB]},
        {"image_with_roles": [{**IMAGE, "url": "asset://nobody"}]},
    ],
)
def test_a_wrong_video_is_refused_and_not_charged(wrong):
    """Exclusive modes, limits and unknown words are 400s before anything is billed."""
    sim = simulator()

    answer = ask(sim, "POST", VIDEOS, {"model": "doubao-seedance-2.0", "prompt": "rain", **wrong})

    assert answer.status == 400
    assert not sim.world.billed


def test_an_asset_has_to_be_active_and_of_the_right_type():
    """A picture under review is refused, and so is a picture among videos."""
    sim = simulator()
    made = data(sim, "POST", PRIVATE, virtual())
    uri = f"asset://{next(iter(sim.world.assets))}"
    body = {"model": "doubao-seedance-2.0", "prompt": "rain"}
    image = {**body, "image_with_roles": [{"url": uri, "role": "reference_image"}]}

    early = ask(sim, "POST", VIDEOS, image)
    later(sim, 13)
    misplaced = ask(sim, "POST", VIDEOS, {**body, "video_urls": [uri]})
    fitting = ask(sim, "POST", VIDEOS, image)

    assert [400, 400, 200] == [answer.status for answer in (early, misplaced, fitting)]
    assert data(sim, "GET", f"/v1/tasks/{made['id']}")["status"] == "completed"


@pytest.mark.parametrize(("compulsory", "status"), [(True, 400), (False, 200)])
def test_real_people_may_need_a_face_model(compulsory, status):
    """`face_models_only` decides whether a plain model takes a real person's asset."""
    sim = simulator(face_models_only=compulsory)
    task = reviewed(sim, REAL, {"group_id": real_group(sim), "assets": ASSETS})
    body = {"prompt": "rain", "video_urls": [task["result"]["assets"][0]["asset_url"]]}

    plain = ask(sim, "POST", VIDEOS, {**body, "model": "doubao-seedance-2.0"})
    face = ask(sim, "POST", VIDEOS, {**body, "model": "doubao-seedance-2.0-face"})

    assert [status, 200] == [plain.status, face.status]


def test_refusals_may_arrive_with_status_200():
    """With `errors_with_200` the body alone says what went wrong."""
    answer = ask(simulator(errors_with_200=True), "GET", "/v1/tasks/task_none")

    assert (200, 404) == (answer.status, said(answer)["code"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/tasks"),
        ("DELETE", "/v1/tasks/task_1"),
        ("GET", f"{PRIVATE}/groups"),
        ("POST", "/v1/uploads/images"),
    ],
)
def test_what_no_page_of_xcompute_names_is_absent(method, path):
    """Library, lists and cancelling are 404s; so are uploads unless switched on."""
    assert ask(simulator(), method, path).status == 404


@pytest.mark.parametrize(("kind", "status"), [("image/png", 200), ("image/bmp", 400)])
def test_uploads_can_be_switched_on(kind, status):
    """Pictures of a listed type are then taken."""
    sim = simulator(uploads=True)
    request = upload_of("https://xcompute.us/v1/uploads/images", {}, b"\x89PNG", kind)

    assert sim.handle(request).status == status
