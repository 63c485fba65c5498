"""Checks of face checks: begun as asked, and ended as the person decides."""

from __future__ import annotations

from ...simulators.state import scans_after
from ...values.errors import PortraitError
from ...values.models import Verification
from ...values.statuses import GroupKind, VerificationStatus
from .journey import CALLBACK_URL
from .leaves import said_by, says
from .looking import nothing, require
from .runner import Trial
from .suite import Suite


class PeopleChecks(Suite):
    """Face checks."""

    def test_face_checks_are_begun_as_asked(self) -> None:
        """The person's way back arrives whole, or is declared lost; link or code come back."""
        if not self._offers("start_verification"):
            nothing("the adapter starts no face checks")
        trial = self._trial()
        check = trial.client.start_verification("Ann", callback_url=CALLBACK_URL)
        lost = {each.field for each in check.adaptations}
        said = [leaf for sent in trial.sent() for leaf in said_by(sent)]
        require(
            "callback_url" in lost or any(says(leaf.value, CALLBACK_URL) for leaf in said),
            "start_verification sends another callback_url than was given, and does not say so",
            "send it whole, or list it in adaptations where the vendor has no place for it",
        )
        require(
            (check.url or check.person_code) and check.status is VerificationStatus.WAITING,
            f"start_verification returned {check!r} with no page or code, or not waiting",
            "read what the person opens into link, or what is typed into code",
        )
        told = trial.answers
        for secret in (check.link, check.code):
            require(
                secret is None or secret.reveal() in told,
                f"start_verification tells a link or code that the vendor did not: {check!r}",
                "read link and code from where the vendor writes them",
            )
        require(
            "://" in (check.url or ("" if "://" in told else "://")),
            f"the link of a face check is no address, or is left out: {check!r}",
            "read the page's address into link, and its token into token",
        )
        require(
            check.name == "Ann",
            f"start_verification of 'Ann' returned the name {check.name!r}",
            "give the name that was asked for",
        )
        self._ends_in_time(trial, check)

    def test_face_checks_end_as_the_person_decides(self) -> None:
        """Waiting before the person has passed, then that very person's group; else never one."""
        if not self._offers("start_verification", "check_verification"):
            nothing("the adapter makes no face checks")
        trial = self._trial()
        checks = [self._started_check(trial, mark) for mark in "ab"]
        for check in checks:
            self._stands(trial.client.check_verification(check), VerificationStatus.WAITING)
        for check in reversed(checks):
            _ = self.pass_check(check)
        groups = [trial.client.wait_until_verified(check) for check in checks]
        for check, group in zip(checks, groups, strict=True):
            found = trial.client.check_verification(check)
            self._stands(found, VerificationStatus.VERIFIED)
            require(
                found.group is not None
                and found.group.id == group.id
                and found.group.kind is group.kind
                and group.kind is GroupKind.REAL_PERSON
                and (trial.world is None or group.id in trial.world.groups),
                f"a passed check leads to {found.group!r}",
                "give the group that the vendor names, with kind=GroupKind.REAL_PERSON",
            )
        require(
            groups[0].id != groups[1].id,
            "two people's checks lead to one group",
            'ask for the check that was named: self.id_of("verification", check)',
        )
        self._refused_by_the_person()

    # -- what they share -------------------------------------------------------------------------

    def _started_check(self, trial: Trial, mark: str) -> Verification:
        return trial.client.start_verification(f"Ann {mark}", callback_url=f"{CALLBACK_URL}{mark}")

    def _stands(self, found: Verification, status: VerificationStatus) -> None:
        require(
            found.status is status and (found.group is not None) == (status.name == "VERIFIED"),
            f"a face check that is {status.value} is {found!r}",
            "believe the vendor's answer alone: a group only once the person has passed",
        )

    def _refused_by_the_person(self) -> None:
        trial = self._trial()
        if trial.world is None:
            return
        trial.world.person = scans_after(2, result_code=10001)
        check = self._started_check(trial, "c")
        trial.clock.sleep(trial.world.token_life_s + 5)
        try:
            found: object = trial.client.check_verification(check)
        except PortraitError as error:
            found = error
        passed = getattr(found, "status", None) in (
            VerificationStatus.VERIFIED,
            VerificationStatus.WAITING,
        )
        require(
            not passed and not getattr(found, "group", None),
            f"a face check that the person did not pass in time came to {found!r}",
            "read a failed or lapsed check as FAILED or EXPIRED",
        )

    def _ends_in_time(self, trial: Trial, check: Verification) -> None:
        known = [*trial.world.checks.values()] if trial.world else []
        if check.expires_at is None or not known:
            return
        off_s = abs((check.expires_at - known[-1].expires_at).total_seconds())
        require(
            off_s <= 2,  # noqa: PLR2004  (a request's time and the vendor's)
            f"a face check says that it ends at {check.expires_at}, which is {off_s:g} s off",
            "take the vendor's own time, or the answer's plus the documented life, and let the "
            "simulator's checks live as long",
        )
