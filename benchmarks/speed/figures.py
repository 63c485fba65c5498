"""Which figures there are: their subjects, and what each is compared with."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Unit = Literal["cpu", "wall", "mb"]


class Figure(NamedTuple):
    """
    One figure.

    Attributes:
        title: What it is.
        subjects: For each, the function or the statements that are timed.
        base: The subject that the others are divided by; empty where the value itself counts.
        unit: What is compared.
        times: How often a subject does it in one round; the second is that of a quick run.
        rounds: How often each takes its turn. In a quick run what is short does less each time, and
            has more than the three rounds that a median and its quartiles need.
        fresh: Each round is a new process, timed whole; a subject is then a statement, or a
            function where memory is measured.
        ours: The subject that is also run at the version before.
    """

    title: str
    subjects: dict[str, str]
    base: str
    unit: Unit = "cpu"
    times: tuple[int, int] = (200, 60)
    rounds: tuple[int, int] = (15, 5)
    fresh: bool = False
    ours: str = "portraitkit"


_FEW: Final = 10
_MANY: Final = 100
_CONNECT: Final = (
    "pk.connect('volcengine', access_key='AKLTexample', secret_key='k', api_key='k', "
    "assets_url='{url}', video_url='{url}')"
)


def _at_once(count: int) -> Figure:
    """Calls in an event loop; many without a pool of httpx, which takes 30 ms for each of 1,000."""
    subjects = {
        "httpx": f"subjects:httpx_async {count}",
        "portraitkit": f"subjects:kit_async {count}",
        "portraitkit over aiohttp": f"subjects:kit_aiohttp_async {count}",
        "aiohttp": f"subjects:aiohttp_async {count}",
        "httpx-aiohttp": f"subjects:httpx_aiohttp_async {count}",
    }
    title = f"signed calls in an event loop, {count:,} at once"
    if count > _MANY:
        del subjects["httpx"]
        return Figure(title, subjects, "", times=(count, count), rounds=(5, 3))
    # Each connection has to be used more than once.
    times = (400, 200 if count > _FEW else 100)
    return Figure(title, subjects, "httpx", times=times, rounds=(15, 3))


FIGURES: Final[dict[str, Figure]] = {
    "import": Figure(
        "importing, bare Python taken off",
        {
            "httpx": "import httpx",
            "portraitkit": "import portraitkit",
            "volcengine": "import volcenginesdkcore",
            "openai": "import openai",
        },
        "httpx",
        fresh=True,
        rounds=(15, 3),
    ),
    "first client": Figure(
        "importing and a first client, bare Python taken off",
        {
            "import httpx": "import httpx",
            "httpx": "import httpx; httpx.Client(verify=False)",
            "portraitkit": f"import portraitkit as pk; {_CONNECT}",
        },
        "import httpx",
        fresh=True,
        rounds=(15, 3),
    ),
    "first call": Figure(
        "importing, a first client and its first call, bare Python taken off",
        {
            "import httpx": "import httpx",
            "httpx": "import httpx; httpx.Client(verify=False).post('{url}/?Action=GetAsset')",
            "portraitkit": f"import portraitkit as pk; {_CONNECT}.get_asset('asset-1')",
        },
        "import httpx",
        fresh=True,
        rounds=(15, 3),
    ),
    "second client": Figure(
        "another client of the same profile",
        {
            "httpx": "subjects:httpx_second_client",
            "portraitkit": "subjects:kit_second_client",
        },
        "",
    ),
    "signed call": Figure(
        "one signed, typed call",
        {
            "httpx": "subjects:httpx_get_asset",
            "portraitkit": "subjects:kit_get_asset",
            "volcengine": "subjects:volcengine_get_asset",
        },
        "httpx",
    ),
    "own share": Figure(
        "a signed call less the network, which is the library's own share",
        {"json.loads": "subjects:json_list", "portraitkit": "subjects:kit_own"},
        "",
    ),
    "signed create": Figure(
        "one signed create of a link",
        {"httpx": "subjects:httpx_add_asset", "portraitkit": "subjects:kit_add_asset"},
        "httpx",
    ),
    "video": Figure(
        "a video created and looked at ten times",
        {
            "httpx": "subjects:httpx_video",
            "portraitkit": "subjects:kit_video",
            "volcengine": "subjects:volcengine_video",
        },
        "httpx",
        times=(20, 5),
    ),
    "list": Figure(
        "a page of 100 assets, read",
        {
            "json.loads": "subjects:json_list",
            "portraitkit": "subjects:kit_list",
            "pydantic": "subjects:pydantic_list",
            "msgspec": "subjects:msgspec_list",
        },
        "json.loads",
        times=(100, 20),
    ),
    "signing": Figure(
        "the signature alone",
        {
            "the guide's": "subjects:snippet_sign",
            "portraitkit": "subjects:kit_sign",
            "volcengine": "subjects:volcengine_sign",
        },
        "the guide's",
        times=(2000, 300),
    ),
    "upload": Figure(
        "memory at the peak of an upload of 30 MB",
        {"httpx": "subjects:httpx_upload", "portraitkit": "subjects:kit_upload"},
        "",
        unit="mb",
        times=(1, 1),
        fresh=True,
        rounds=(3, 3),
    ),
    "upload, refused once": Figure(
        "memory at the peak of that upload, its first attempt refused",
        {"portraitkit": "subjects:kit_upload_again"},
        "",
        unit="mb",
        times=(1, 1),
        fresh=True,
        rounds=(3, 3),
    ),
    "upload, async": Figure(
        "memory at the peak of that upload, in an event loop",
        {"portraitkit": "subjects:kit_upload_async"},
        "",
        unit="mb",
        times=(1, 1),
        fresh=True,
        rounds=(3, 3),
    ),
    "download": Figure(
        "a video of 64 MiB into a file",
        {"httpx": "subjects:httpx_download", "portraitkit": "subjects:kit_download"},
        "httpx",
        times=(1, 1),
    ),
    "download, async": Figure(
        "a video of 64 MiB into a file, in an event loop",
        {"httpx": "subjects:httpx_download_async", "portraitkit": "subjects:kit_download_async"},
        "httpx",
        times=(1, 1),
    ),
    **{f"async at {at_once}": _at_once(at_once) for at_once in (1, 10, 100, 300, 1000)},
}
LEFT_OUT: Final = {True: ("async at 10", "async at 1000"), False: ("async at 300",)}
"""What a run does at other sizes, by whether it is a quick one."""
