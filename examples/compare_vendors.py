"""
Five simulated vendors compared, four of which were told to misbehave: no key, no cost, a minute.

    python examples/compare_vendors.py [FOLDER]      needs `pip install '.[likeness]'`

Each profile is named after what its simulator does. The report has to find it.
"""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path

import av
from PIL import Image

from portraitkit.compare import compare, read_plan
from portraitkit.config.simulating import simulation
from portraitkit.providers.registry import provider_class

SPEED = 20.0
SECONDS, RATE = 5, 24
FACE = Path(__file__).with_name("mia.jpg")
WALL = (219, 233, 236)
FULL, SMALL = (1280, 720), (864, 496)

# provider, size of its films, how much the face widens, and the knobs of its World
PROFILES = {
    "as-asked": ("alltoken", FULL, 0.0, {}),
    "slow-queue": ("token360", FULL, 0.0, {"queue_s": 30}),
    "in-480p": ("volcengine", SMALL, 0.0, {"render_s": 25}),
    "fails-thirds": ("byteplus", FULL, 0.0, {"fail_every": 3}),
    "face-drifts": ("apimart", FULL, 0.7, {}),
}
PLAN = """
name = "Five simulated vendors"
runs = 3
profiles = {profiles}
budget = "100 USD"

[scenes.rooftop]
prompt = "{{mia}} looks over the roofs at dusk, slow push-in"
portraits = {{ mia = "mia.jpg" }}
parameters = {{ resolution = "720p", duration_s = 5, ratio = "16:9" }}

[scenes.window]
prompt = "she turns from the window to the camera"
first_frame = "window.png"
parameters = {{ resolution = "720p", duration_s = 5, ratio = "16:9" }}
"""
PRICE = """
[[prices]]
profile = "{profile}"
amount = "0.01 USD"
unit = "token"
source = "made up for this demo"
"""


def frame(at: float, size: tuple[int, int], drift: float) -> Image.Image:
    """Draw the portrait before a wall, nearer as *at* goes from 0 to 1, and widening by *drift*."""
    width, height = size
    with Image.open(FACE) as picture:
        scale = height / picture.height * (1 + 0.3 * at)
        near = round(picture.width * scale * (1 + drift * at)), round(picture.height * scale)
        shown = Image.new("RGB", size, WALL)
        shown.paste(picture.convert("RGB").resize(near), ((width - near[0]) // 2, 0))
    return shown


def film(size: tuple[int, int], drift: float) -> bytes:
    """Encode a film of that portrait."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        for number in range(SECONDS * RATE):
            picture = frame(number / (SECONDS * RATE), size, drift)
            out.mux(video.encode(av.VideoFrame.from_image(picture)))
        out.mux(video.encode())
    return file.getvalue()


def main(folder: Path) -> Path:
    """Compare, and return the report's page."""
    settings = ""
    films = {each[1:3]: film(*each[1:3]) for each in PROFILES.values()}
    for profile, (provider, size, drift, knobs) in PROFILES.items():
        settings += f'[profiles.{profile}]\nprovider = "{provider}"\nsimulated = {SPEED}\n'
        world = simulation(provider_class(provider), SPEED).world
        world.film, world.picture = films[size, drift], FACE.read_bytes()
        for knob, value in knobs.items():
            setattr(world, knob, value)
    prices = "".join(PRICE.format(profile=profile) for profile in PROFILES)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "portraitkit.toml").write_text(settings, encoding="utf-8")
        (place / "plan.toml").write_text(PLAN.format(profiles=[*PROFILES]) + prices, "utf-8")
        (place / "mia.jpg").write_bytes(FACE.read_bytes())
        frame(0, FULL, 0).save(place / "window.png")
        plan = read_plan(place / "plan.toml")
        made = compare(
            plan,
            folder,
            config=place / "portraitkit.toml",
            on_run=lambda run, what: print(f"{run.profile:<14}{run.id:<36}{what}"),
        )
        return made.write()


if __name__ == "__main__":
    page = main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/comparison"))
    print(f"\nreport: {page}")
