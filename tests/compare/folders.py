"""Comparisons that never were: a folder with a log, and videos where a test plays them."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

PROFILES = {  # seconds in the queue, seconds of generating, estimated dollars
    "aster": (4.0, 41.0, "0.12"),
    "birch": (4.5, 41.5, "0.14"),  # like aster, inside the noise
    "cedar": (31.0, 52.0, "0.09"),  # slower
    "dahlia": (3.0, 24.0, "0.10"),  # fast, since it makes 480p
    "elm": (6.0, 47.0, None),  # unpriced, refuses a scene, fails, and embeds no origin
}
SCENES = {
    "dance": {
        "prompt": "She turns once on the empty stage and bows.",
        "portraits": {"mia": "mia.jpg"},
        "parameters": {
            "model": "seedance-2.0",
            "duration_s": 5,
            "ratio": "16:9",
            "resolution": "720p",
        },
    },
    "harbour": {
        "prompt": "清晨的港口，她沿着码头慢慢走向镜头。",
        "portraits": {"mia": "mia.jpg"},
        "parameters": {
            "model": "seedance-2.0",
            "duration_s": 5,
            "ratio": "16:9",
            "resolution": "720p",
        },
    },
}
SCRIPT = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>| *b* `c`"


class Comparison:
    """
    Writes a log as a comparison would.

    Args:
        runs: How many of each scene at each profile in each session, after the warm-up.
        hostile: Put a script wherever a plan or a vendor puts words in.
        profiles: The profiles that take part.
    """

    def __init__(self, folder, *, runs=3, sessions=2, hostile=False, profiles=tuple(PROFILES)):
        self.folder = folder
        self.random = random.Random(7)
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.words = SCRIPT if hostile else ""
        self.profiles = [*profiles[:-1], profiles[-1] + (f" {SCRIPT}" if hostile else "")]
        self.events = []
        scenes = {name + self.words: self._scene(scene) for name, scene in SCENES.items()}
        self.plan = {
            "name": "Portraits, spring" + self.words,
            "runs": runs,
            "scenes": scenes,
            "profiles": self.profiles,
            "budget": {"amount": "20", "currency": "USD"},
            "strict": False,
            "seed": 7,
        }
        environment = {"python": "3.12.4", "portraitkit": "0.1.0", "platform": "Linux" + self.words}
        self.tell("opened", version=1, plan=self.plan, environment=environment, simulated=True)
        for session in range(1, sessions + 1):
            self._session(session, runs)

    def _scene(self, scene):
        return {**scene, "prompt": scene["prompt"] + self.words}

    def tell(self, event, **members):
        self.now += timedelta(seconds=1)
        at = self.now.isoformat().replace("+00:00", "Z")
        self.events.append({"at": at, "event": event, **members})

    def _session(self, session, runs):
        self.now = datetime(2026, 3, 2, 6 + 3 * session, 0, tzinfo=UTC)
        self.tell("session", session=session)
        for profile in self.profiles:
            self._register(session, profile)
        rounds = [
            (scene, profile, number)
            for number in range(1, runs + 1)
            for scene in self.plan["scenes"]
            for profile in self.profiles
        ]
        self.random.shuffle(rounds)
        if session == 1:
            first = next(iter(self.plan["scenes"]))
            rounds = [(first, profile, 0) for profile in self.profiles] + rounds
        for order, (scene, profile, number) in enumerate(rounds):
            self._run(session, scene, profile, number, order)

    def _register(self, session, profile):
        self.tell(
            "registered",
            session=session,
            profile=profile,
            vendor=profile,
            portrait="mia",
            look="front",
            handle=f"pk1:{profile[:5]}:account:asset:a-1:abcde",
            seconds=round(self.random.uniform(2, 9), 2),
            status="active",
            sha256="c0ffee" * 10 + "c0ff",
        )

    def _run(self, session, scene, profile, number, order):
        name = profile.split(" ")[0]
        scene_id = scene[:5].strip("<")
        run = f"s{session}-{scene_id}-{name}-{number}"
        queue, making, dollars = PROFILES[name]
        self.tell(
            "asked",
            run=run,
            session=session,
            scene=scene,
            profile=profile,
            vendor=name,
            number=number,
            warm_up=number == 0,
            order=order,
            model="seedance-2.0",
            body=self._body(name, scene),
            adaptations=self._adaptations(name),
            findings=[],
            estimated=dollars and self._usd(dollars),
        )
        self.tell("requests", run=run, requests=self.random.randint(5, 9), bytes=41_000)
        if name == "elm" and self._goes_wrong(run, scene, number):
            return
        factor = 1.6 if number == 0 else self.random.uniform(0.92, 1.1)
        running, finished = 0.8 + queue * factor, 0.8 + (queue + making) * factor
        handle = f"pk1:{name}:account:video:{order}:abcde"
        self.tell("created", run=run, handle=handle, seconds=0.8)
        for status, seconds in (("queued", 0.8), ("running", running), ("succeeded", finished)):
            self.tell("status", run=run, status=status, seconds=round(seconds, 2))
        self.tell(
            "finished",
            run=run,
            status="succeeded",
            seconds=round(finished, 2),
            usage={"total_tokens": 108_000, "completion_tokens": 108_000},
            resolution="480p" if name == "dahlia" else "720p",
            ratio="16:9",
            duration_s=5,
            seed=self.random.randint(1, 9999) if name != "elm" else None,
            reported=self._usd("0.15") if name == "birch" else None,
        )
        file = f"videos/{run}.mp4"
        self.tell(
            "downloaded",
            run=run,
            file=file,
            bytes=2_400_000,
            seconds=round(finished + self.random.uniform(1, 3), 2),
            sha256="ab" * 32,
        )
        self.tell("measured", run=run, **self._measured(name))
        self.tell("likeness", run=run, **self._likeness(name))

    def _body(self, name, scene):
        body = {
            "model": "doubao-seedance-2-0",
            "content": [
                {"type": "text", "text": self.plan["scenes"][scene]["prompt"] + self.words},
                {
                    "type": "image_url",
                    "image_url": {"url": "asset://a-1"},
                    "role": "reference_image",
                },
            ],
            "ratio": "16:9",
            "duration": 5,
            "resolution": "480p" if name == "dahlia" else "720p",
        }
        return {**body, "watermark": False} if name in {"cedar", "elm"} else body

    def _adaptations(self, name):
        if name != "dahlia":
            return []
        why = "this vendor makes 480p only" + self.words
        return [{"field": "resolution", "asked": "720p", "sent": "480p", "why": why}]

    def _goes_wrong(self, run, scene, number):
        refusal = {
            "class": "ContentRejectedError",
            "code": "InputImageSensitive",
            "status": 400,
            "message": "elm refused the picture",
            "next_step": "Use another picture.",
            "vendor_message": "The input image may contain a real person." + self.words,
        }
        if scene.startswith("harbour"):
            self.tell("failed", run=run, seconds=1.1, stage="create", error=refusal, refused=True)
        elif number == 1:
            words = "The service is overloaded." + self.words
            error = {
                **refusal,
                "class": "VideoFailedError",
                "code": "InternalError",
                "status": None,
                "vendor_message": words,
                "next_step": "Try it again.",
            }
            self.tell("created", run=run, handle="pk1:elm:account:video:9:abcde", seconds=0.9)
            self.tell("failed", run=run, seconds=33, stage="wait", error=error, refused=False)
        elif number == 2:
            words = "The video was not finished after 600 s."
            error = {"class": "WaitTimeoutError", "code": "", "message": words, "next_step": ""}
            self.tell("created", run=run, handle="pk1:elm:account:video:8:abcde", seconds=0.9)
            self.tell("failed", run=run, seconds=600, stage="wait", error=error, refused=False)
        else:
            return False
        return True

    def _measured(self, name):
        delivered = {
            "duration_s": 5.042,
            "width": 854 if name == "dahlia" else 1280,
            "height": 480 if name == "dahlia" else 720,
            "frame_rate": 24.0,
            "codec": "h264",
            "bit_rate": self.random.randint(3_600_000, 4_200_000),
            "audio": name != "cedar",
            "loudness_db": None if name == "cedar" else round(self.random.uniform(-24, -19), 1),
            "black_share": 0.0,
            "frozen_share": 0.04 if name == "cedar" else 0.0,
            "first_frame_ssim": None,
            "origin": {
                "c2pa": None if name == "elm" else {"issuer": "Example Origin" + self.words},
                "encoder": "Lavf61.7.100",
            },
            "problems": [],
        }
        problems = {"dahlia": ["854x480 instead of 720p" + self.words], "cedar": ["no audio"]}
        return {"delivered": delivered, "problems": problems.get(name, [])}

    def _likeness(self, name):
        drift = 0.32 if name == "cedar" else 0.08  # its face changes
        scores = []
        for frame in range(12):
            distance = 0.24 + drift * frame / 11 + self.random.uniform(-0.02, 0.02)
            is_turned = frame == 6 and name != "aster"
            scores.append(
                {
                    "at_s": round(frame * 5 / 12, 2),
                    "distance": None if is_turned else round(distance, 3),
                }
            )
        seen = sorted(each["distance"] for each in scores if each["distance"] is not None)
        return {
            "portrait": "mia",
            "scale": "Euclidean distance of dlib's face descriptors; below 0.6 is the same person"
            + self.words,
            "scores": scores,
            "median": seen[len(seen) // 2],
            "worst": seen[-1],
            "faceless_share": round(1 - len(seen) / len(scores), 3),
        }

    @staticmethod
    def _usd(amount):
        return {
            "amount": amount,
            "currency": "USD",
            "unit": "token",
            "source": "price list, 2026-02",
        }

    def write(self, tail=""):
        """Write the log; `tail` is what a kill left behind it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in self.events)
        (self.folder / "events.jsonl").write_text(lines + tail, encoding="utf-8")
        return self.folder

    def write_videos(self, seconds=2.0):
        """Write a small video for every run that was downloaded."""
        drawn = {}
        for each in self.events:
            if each["event"] == "downloaded":
                path = self.folder / each["file"]
                path.parent.mkdir(parents=True, exist_ok=True)
                name = path.stem.split("-")[2]
                if name not in drawn:
                    draw(path, seconds, hue=list(PROFILES).index(name))
                    drawn[name] = path.read_bytes()
                path.write_bytes(drawn[name])


def draw(path, seconds, hue, size=(320, 180), rate=24):
    """Draw a disc that crosses a coloured stage."""
    import av
    import numpy as np

    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    tint = np.array(
        [(150, 90, 60), (70, 110, 150), (90, 140, 90), (140, 80, 130), (120, 120, 70)][hue]
    )
    stage = tint * (0.35 + 0.65 * (1 - y / height))[..., None]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frames = int(seconds * rate)
        for number in range(frames):
            centre = 40 + (width - 80) * number / frames
            disc = (x - centre) ** 2 + (y - height * 0.55) ** 2 < (height * 0.2) ** 2
            picture = np.where(disc[..., None], 235, stage).astype("uint8")
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
