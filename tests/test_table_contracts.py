"""Every vendor that is a table passes the conformance suite, at the simulator made of it."""

from __future__ import annotations

from portraitkit.providers.registry import _tables, provider_class
from test_provider_contract import BuiltIn


def _contract(vendor):
    table = provider_class(vendor).table

    def bodies(self, status, code, message):
        from portraitkit.simulators.table import _put

        body = {}
        if code:
            _put(body, table.answers.code[0], code)
        _put(body, table.answers.message[0], message)
        return [body]

    more = {"name": vendor, "contract": lambda self: None, "bodies": bodies}
    return type(f"Test{vendor.title()}", (BuiltIn,), more)


for _vendor in _tables():
    globals()[f"Test{_vendor.title()}"] = _contract(_vendor)
