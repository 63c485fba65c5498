"""
How often Volcengine may be asked, and whoever passes its Actions and tasks on.

Source: docs/vendors/volcengine.md, docs/vendors/apiyi.md; the account-level rates of APIYI's guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve

from ...limits.rates import Rate, unknown

_GUIDE: Final = "APIYI asset guide and Volcengine's public pages"
_OTHERS: Final = "APIYI asset guide (most others) and Volcengine's public pages"
_CHECKS: Final = "Volcengine docs 82379/2333587 and 2333588"
_PACKAGES: Final = (
    "Volcengine docs 82379/2377608: the advanced package; the entry package has 3 a minute, the "
    "premium one 300"
)
_TASKS: Final = "public audit of Volcengine's task interface"
_CREATES: Final = (
    "Volcengine's public pages: 180 a minute for individuals, 600 for companies; how many videos "
    "run at once (3 and 10) is not a rate"
)

ACTION_RATES: Final[Mapping[str, Rate]] = {
    "CreateAssetGroup": Rate(most=10, source=_OTHERS),
    "GetAssetGroup": Rate(most=10, source=_OTHERS),
    "ListAssetGroups": Rate(most=10, source=_OTHERS),
    "UpdateAssetGroup": Rate(most=10, source=_OTHERS),
    "DeleteAssetGroup": Rate(most=5, source="Volcengine's public pages"),
    "CreateAsset": Rate(most=120, window_s=60, source=_PACKAGES),
    "GetAsset": Rate(most=100, source=_GUIDE),
    "ListAssets": Rate(most=10, source=_OTHERS),
    "UpdateAsset": Rate(most=10, source=_OTHERS),
    "DeleteAsset": Rate(most=10, source=_OTHERS),
    "CreateVisualValidateSession": Rate(most=3, source=_CHECKS),
    "GetVisualValidateResult": Rate(most=3, source=_CHECKS),
}
_PATH: Final = "/contents/generations/tasks"
TASK_RATES: Final[Mapping[str, Rate]] = {
    f"POST {_PATH}": Rate(most=180, window_s=60, source=_CREATES),
    f"GET {_PATH}/*": Rate(most=20, source=_TASKS),
    f"GET {_PATH}": Rate(most=1, source=_TASKS),
    f"DELETE {_PATH}/*": Rate(most=20, source=_TASKS),
}
GATEWAY_RATES: Final[Mapping[str, Rate]] = unknown(
    "APIYI's gateway: 429 is documented, no number is", f"POST {_PATH}", f"GET {_PATH}/*"
)


def upstream(rates: Mapping[str, Rate]) -> Mapping[str, Rate]:
    """Mark rows as another vendor's numbers, for one that names none of its own."""
    return {family: evolve(rate, assumed=True) for family, rate in rates.items()}
