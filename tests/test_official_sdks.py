"""The vendor's own Python clients as independent judges of our simulators, over real HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import volcenginesdkcore
from volcenginesdkarkruntime import Ark, _exceptions
from volcenginesdkcore.rest import ApiException

from portraitkit.simulators.apiyi import APIYISimulator
from portraitkit.simulators.server import serve
from portraitkit.simulators.state import SimAccount, VirtualClock, World
from portraitkit.simulators.volcengine import Variants, VolcengineSimulator

MODEL = "doubao-seedance-2-0-260128"


@pytest.fixture
def clock():
    # The clients sign with the real time.
    return VirtualClock(datetime.now(UTC))


@pytest.fixture
def account():
    return SimAccount(
        name="main", api_key="ark-key", access_key="AKLTSIMULATED", secret_key="simulated=="
    )


@pytest.fixture
def served(clock, account):
    """Serve a simulator for the length of a test."""
    with ExitStack() as stack:

        def start(kind):
            simulator = kind(world=World(clock=clock))
            simulator.add_account(account)
            stack.enter_context(serve(simulator))
            return simulator

        yield start


@pytest.fixture
def universal(account):
    """Make the vendor's generic client of signed Actions."""

    def make(simulator, secret_key=account.secret_key, session_token=None):
        configuration = volcenginesdkcore.Configuration()
        configuration.ak = account.access_key
        configuration.sk = secret_key
        configuration.session_token = session_token
        configuration.region = "cn-beijing"
        configuration.scheme, _, configuration.host = simulator.base_url.partition("://")
        configuration.num_max_retries = 0
        api = volcenginesdkcore.UniversalApi(volcenginesdkcore.ApiClient(configuration))

        def act(action, **body):
            info = volcenginesdkcore.UniversalInfo(
                method="POST",
                service="ark",
                version="2024-01-01",
                action=action,
                content_type="application/json",
            )
            return api.do_call(info, body)

        return act

    return make


@pytest.fixture
def ark():
    """Make the vendor's client of video tasks."""
    with ExitStack() as stack:

        def make(simulator, prefix="/api/v3", api_key="ark-key"):
            client = Ark(base_url=simulator.base_url + prefix, api_key=api_key, max_retries=0)
            stack.callback(client.close)
            return client.content_generation.tasks

        yield make


def test_the_universal_client_carries_out_all_twelve_actions(served, universal, clock):
    """Groups, assets and a face check, each call with a signature of the vendor's own."""
    simulator = served(VolcengineSimulator)
    act = universal(simulator)

    group = act("CreateAssetGroup", Name="人像 Mia", GroupType="AIGC")["Id"]
    assert {"Id": group} == act("UpdateAssetGroup", Id=group, Name="Ann")
    assert "Ann" == act("GetAssetGroup", Id=group)["Name"]
    assert 1 == act("ListAssetGroups", Filter={"GroupType": "AIGC"})["TotalCount"]

    asset = act("CreateAsset", GroupId=group, URL="https://a.example/x", AssetType="Image")["Id"]
    assert "Processing" == act("GetAsset", Id=asset)["Status"]
    clock.advance(13)
    assert {"Id": asset} == act("UpdateAsset", Id=asset, Name="front")
    listed = act("ListAssets", Filter={"GroupType": "AIGC", "Statuses": ["Active"]})
    assert ["front"] == [item["Name"] for item in listed["Items"]]

    check = act("CreateVisualValidateSession", CallbackURL="https://a.example/back")
    clock.advance(5)
    person = act("GetVisualValidateResult", BytedToken=check["BytedToken"])["GroupId"]
    assert "LivenessFace" == act("GetAssetGroup", Id=person)["GroupType"]

    act("DeleteAsset", Id=asset)
    act("DeleteAssetGroup", Id=group)
    assert [] == act("ListAssets", Filter={"GroupType": "AIGC"})["Items"]


def test_the_universal_client_reads_our_errors(served, universal):
    """Status and code of a refusal arrive in the client's own exception."""
    act = universal(served(VolcengineSimulator))
    with pytest.raises(ApiException) as caught:
        act("GetAsset", Id="asset-0")

    assert 404 == caught.value.status
    assert "NotFound.asset_id" in str(caught.value.body)


def test_a_wrong_secret_is_refused(served, universal):
    """The signature is really checked: another secret gives SignatureDoesNotMatch."""
    act = universal(served(VolcengineSimulator), secret_key="another==")
    with pytest.raises(ApiException) as caught:
        act("GetAsset", Id="asset-0")

    assert 401 == caught.value.status
    assert "SignatureDoesNotMatch" in str(caught.value.body)


def test_temporary_credentials_sign_their_token(served, universal, account):
    """A session token is signed along, and a missing one is refused."""
    account.session_token = "STS-simulated"
    simulator = served(VolcengineSimulator)
    group = universal(simulator, session_token="STS-simulated")("CreateAssetGroup", Name="Mia")
    with pytest.raises(ApiException) as caught:
        universal(simulator)("GetAssetGroup", Id=group["Id"])

    assert "InvalidSecretToken" in str(caught.value.body)


def test_the_universal_client_meets_a_rate_limit(served, universal):
    """Too many calls are answered with HTTP 429, which the client takes for a limit."""
    simulator = served(VolcengineSimulator)
    simulator.variants = Variants(rates={"GetAssetGroup": (1, 60)})
    act = universal(simulator)
    group = act("CreateAssetGroup", Name="Mia")["Id"]
    act("GetAssetGroup", Id=group)
    with pytest.raises(ApiException) as caught:
        act("GetAssetGroup", Id=group)

    assert 429 == caught.value.status


def test_apiyi_takes_the_same_signed_calls(served, universal):
    """The handed-out keys make groups, and may not start face checks."""
    act = universal(served(APIYISimulator))
    group = act("CreateAssetGroup", Name="Mia", GroupType="AIGC")["Id"]
    with pytest.raises(ApiException) as caught:
        act("CreateVisualValidateSession", CallbackURL="https://a.example/")

    assert "Mia" == act("GetAssetGroup", Id=group)["Name"]
    assert 403 == caught.value.status


def text(words="a sea"):
    return {"type": "text", "text": words}


def test_the_ark_client_follows_a_task_to_its_end(served, ark, clock):
    """Create with every option as null, read, list, and delete the record."""
    tasks = ark(served(VolcengineSimulator))
    made = tasks.create(model=MODEL, content=[text()], ratio="16:9", duration=5)
    queued = tasks.get(task_id=made.id)
    clock.advance(45)
    done = tasks.get(task_id=made.id)
    listed = tasks.list(page_size=5, status="succeeded", task_ids=[made.id, "cgt-0"])
    tasks.delete(task_id=made.id)
    with pytest.raises(_exceptions.ArkNotFoundError):
        tasks.get(task_id=made.id)

    assert made.id.startswith("cgt-")
    assert ["queued", "succeeded"] == [queued.status, done.status]
    assert 108900 == done.usage.total_tokens
    assert done.content.video_url.startswith("http")
    assert (1, [made.id]) == (listed.total, [item.id for item in listed.items])


def test_the_ark_client_cancels_a_queued_task_only(served, ark, clock):
    """A queued task is cancelled; a running one is a conflict."""
    tasks = ark(served(VolcengineSimulator))
    first, second = (tasks.create(model=MODEL, content=[text()]).id for _ in "ab")
    tasks.delete(task_id=first)
    clock.advance(10)
    with pytest.raises(_exceptions.ArkAPIStatusError) as caught:
        tasks.delete(task_id=second)

    assert "cancelled" == tasks.get(task_id=first).status
    assert (409, "InvalidAction.RunningTaskDeletion") == (
        caught.value.status_code,
        caught.value.code,
    )


@pytest.mark.parametrize(
    ("expected", "api_key", "content"),
    [
        (_exceptions.ArkAuthenticationError, "wrong", [text()]),
        (_exceptions.ArkBadRequestError, "ark-key", [text(), {"type": "image_url"}]),
    ],
)
def test_the_ark_client_reads_our_errors(served, ark, expected, api_key, content):
    """Each refusal becomes the client's own exception, with our code and request id."""
    tasks = ark(served(VolcengineSimulator), api_key=api_key)
    with pytest.raises(expected) as caught:
        tasks.create(model=MODEL, content=content)

    assert caught.value.code
    assert caught.value.request_id


def test_an_asset_of_the_account_goes_into_a_video(served, ark, universal, clock):
    """What the asset plane made is known to the video tasks once it is active."""
    simulator = served(VolcengineSimulator)
    act, tasks = universal(simulator), ark(simulator)
    group = act("CreateAssetGroup", Name="Mia")["Id"]
    asset = act("CreateAsset", GroupId=group, URL="https://a.example/x", AssetType="Image")["Id"]
    picture = {
        "type": "image_url",
        "image_url": {"url": f"asset://{asset}"},
        "role": "reference_image",
    }
    with pytest.raises(_exceptions.ArkBadRequestError) as early:
        tasks.create(model=MODEL, content=[text("Image 1 smiles"), picture])
    clock.advance(13)

    assert f"The specified asset {asset} is not found" in str(early.value)
    assert "content[1].image_url.url" == early.value.param
    assert tasks.create(model=MODEL, content=[text("Image 1 smiles"), picture]).id


def test_the_ark_client_works_behind_the_gateway_s_prefix(served, ark, clock):
    """With identity asked for, the same client makes and reads a task at APIYI."""
    tasks = ark(served(APIYISimulator), prefix="/seedance/api/v3")
    identity = {"Accept-Encoding": "identity"}
    made = tasks.create(model=MODEL, content=[text()], extra_headers=identity)
    clock.advance(45)
    done = tasks.get(task_id=made.id, extra_headers=identity)

    assert "succeeded" == done.status


def test_a_false_gzip_label_breaks_a_client_that_takes_gzip(served, ark):
    """Without asking for identity the client cannot read the gateway's reply."""
    tasks = ark(served(APIYISimulator), prefix="/seedance/api/v3")
    with pytest.raises(_exceptions.ArkAPIConnectionError):
        tasks.create(model=MODEL, content=[text()])
