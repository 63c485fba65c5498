"""One portrait at several vendors, as a value."""

from __future__ import annotations

import pickle

import pytest

import portraitkit as pk
from portraitkit.values import errors
from portraitkit.values.portraits import owner_of


def asset(provider, account="1", kind=pk.GroupKind.UNKNOWN, id="asset-1"):
    return pk.Asset(provider=provider, account=account, id=id, group_kind=kind)


A, B = asset("alltoken"), asset("token360")
GROUP = pk.Group(provider="alltoken", account="1", id="group-1")


def test_the_asset_of_a_vendor_is_found():
    """By provider and account, whether object or handle."""
    both = pk.OneOf(A, B.handle)

    assert (A, B.handle) == (both.at("alltoken", "1"), both.at("token360", "1"))
    assert (None, None) == (both.at("alltoken", "2"), both.at("apiyi", "1"))


def test_it_is_a_value():
    """It compares, can be a part of others, and can be stored."""
    both = pk.OneOf(A, B.handle)

    assert both == pickle.loads(pickle.dumps(both)) != pk.OneOf(A)
    assert pk.Frames(first=both) == pk.Frames(first=pk.OneOf(A, B.handle))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "takes assets or their handles"),
        ((A, "asset-2"), "takes assets or their handles"),
        ((A, "https://pictures.example/mia.png"), "takes assets or their handles"),
        ((A, None), "takes assets or their handles"),
        ((A, asset("alltoken", id="asset-2")), "two assets of one account"),
        ((A, A.handle), "two assets of one account"),
        ((A, B.handle[:-1]), "checksum"),
        ((GROUP,), "this is a group, not an asset"),
        ((GROUP.handle,), "this is a group, not an asset"),
    ],
)
def test_what_it_cannot_be_made_of(given, problem):
    """Refused where it is made, with the reason."""
    with pytest.raises(errors.InvalidInputError, match=problem):
        pk.OneOf(*given)


@pytest.mark.parametrize("other", [pk.GroupKind.VIRTUAL, pk.GroupKind.UNKNOWN, None])
def test_a_real_person_stands_beside_real_people_only(other):
    """A portrait of unknown kind is not known to have been verified."""
    real = asset("alltoken", kind=pk.GroupKind.REAL_PERSON)
    double = asset("token360", kind=other) if other else B.handle

    with pytest.raises(errors.InvalidInputError, match="a real person's") as caught:
        pk.OneOf(real, double)

    assert "verify the person at each vendor" in caught.value.next_step
    assert pk.OneOf(real, asset("token360", kind=pk.GroupKind.REAL_PERSON)).assets


def test_one_reference_in_place_of_a_list_is_refused():
    """As one asset is."""
    with pytest.raises(errors.InvalidInputError, match="put brackets around it"):
        pk.References(images=pk.OneOf(A))


def test_whose_a_thing_is():
    """Of a bare id nobody can tell."""
    assert [("alltoken", "1")] * 2 == [owner_of(GROUP), owner_of(GROUP.handle)]
    assert [None] * 3 == [owner_of("asset-1"), owner_of(None), owner_of([A])]
