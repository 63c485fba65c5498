"""Takes the steps of providers/scenario.yaml at a vendor, and says of each what was seen."""

from __future__ import annotations

from portraitkit.testing.conformance.journey import PICTURE, PICTURE_URL, plain_video
from portraitkit.values.errors import NotFoundError, PermissionDeniedError, UnsupportedError


class Steps:
    """One run. Each method is a step, and returns its line of the trace."""

    def __init__(self, client, folder):
        self.client = client
        self.folder = folder

    def trace(self, names):
        """All lines, in order."""
        return {name: self._line(name) for name in names}

    def _line(self, name):
        step = getattr(self, name.replace("'", "").replace(" ", "_"))
        try:
            return step()
        except UnsupportedError as refused:
            return type(refused).__name__

    def group_made(self):
        self.group = self.client.create_group("Mia")
        return f"{self.group.kind.name}, {having(self.group)}"

    def group_listed(self):
        return f"among all groups, {count(self.client.list_groups(), self.group)}"

    def group_renamed(self):
        renamed = self.client.rename_group(self.group, "Leo")
        return "under the new name" if renamed.name == "Leo" else f"still {renamed.name}"

    def asset_added(self):
        takes_bytes = self.client.supports("add_upload")
        self.asset = self.client.add_asset(self.group, PICTURE if takes_bytes else PICTURE_URL)
        return f"{self.asset.media.name}, {self.asset.status.name}, {having(self.asset)}"

    def asset_active(self):
        seen = Seen(self.asset)
        self.asset = self.client.wait_until_active(self.asset, on_event=seen)
        self.home = self.asset.group_id or self.group
        return str(seen)

    def asset_listed(self):
        return f"in its group, {count(self.client.list_assets(self.home), self.asset)}"

    def asset_renamed(self):
        renamed = self.client.rename_asset(self.asset, "side")
        return "under the new name" if renamed.name == "side" else f"still {renamed.name!r}"

    def face_check_started(self):
        url = "https://app.example/back"
        self.check = self.client.start_verification("Ann", callback_url=url)
        by = "a code" if self.check.person_code else "a link" if self.check.url else "nothing"
        return f"{self.check.status.name}, with {by}"

    def person_verified(self):
        if not self.client.supports("check_verification"):
            return type(refusal(self.client.check_verification)).__name__
        seen = Seen(self.check)
        self.person = self.client.wait_until_verified(self.check, on_event=seen)
        return f"{seen}, {self.person.kind.name} group"

    def persons_asset_active(self):
        if not self.client.supports("check_verification"):
            return type(refusal(self.client.check_verification)).__name__
        takes_bytes = self.client.supports("add_upload")
        asset = self.client.add_asset(self.person, PICTURE if takes_bytes else PICTURE_URL)
        seen = Seen(asset)
        self.client.wait_until_active(asset, on_event=seen)
        return str(seen)

    def video_created(self):
        self.request = plain_video(self.client.provider, self.asset)
        self.task = self.client.create_video(self.request)
        return f"{self.task.status.name}, {having(self.task)}"

    def video_cancelled(self):
        stopped = self.client.cancel_video(self.client.create_video(self.request))
        return stopped.status.name

    def video_finished(self):
        seen = Seen(self.task)
        self.task = self.client.create_video(self.request)
        self.task = self.client.wait_for_video(self.task, on_event=seen)
        return str(seen)

    def video_listed(self):
        return f"among all videos, {count(self.client.list_videos(), self.task)}"

    def video_downloaded(self):
        path = self.client.download_video(self.task, self.folder / "mia.mp4")
        return "a file" if b"ftyp" in path.read_bytes()[:12] else "no video"

    def asset_deleted(self):
        self.client.delete_asset(self.asset)
        return gone(self.client.get_asset, self.asset)

    def group_deleted(self):
        self.client.delete_group(self.home)
        return gone(self.client.get_group, self.home)


class Seen:
    """The statuses passed through, each once."""

    def __init__(self, before):
        self.words = [before.status.name]

    def __call__(self, event):
        if event.status.name != self.words[-1]:
            self.words.append(event.status.name)

    def __str__(self):
        return " > ".join(self.words)


def having(thing):
    return "with an id" if thing.id else "without an id"


def count(listed, thing):
    return {0: "not at all", 1: "once"}.get([each.id for each in listed].count(thing.id), "often")


def gone(read, thing):
    try:
        return f"still {read(thing)!r}"
    except (NotFoundError, PermissionDeniedError):
        return "gone"


def refusal(call):
    try:
        call("check-1")
    except UnsupportedError as error:
        return error
    raise AssertionError("it is offered")
