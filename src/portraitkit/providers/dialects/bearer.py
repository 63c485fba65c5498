"""One origin and one bearer key for everything: how most resellers are reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, frozen

from ...limits.rates import family_of
from ...operations.provider import PortraitProvider
from ...values.media import Upload
from ...values.origins import origin_of
from ...values.secret import Secret
from ...wire.bodies import multipart
from ...wire.codec import first, try_decode
from ...wire.steps import Auth, Request, Response


@frozen(kw_only=True, slots=False)
class BearerProvider(PortraitProvider):
    """
    A vendor behind one bearer key.

    Attributes:
        api_key: Serves portraits and videos.
        base_url: An origin, without `/v1`.
    """

    api_key: Secret
    base_url: str

    @property
    def identity(self) -> str:
        """The account is the key's."""
        return self.api_key.reveal()

    @property
    def origins(self) -> frozenset[str]:
        """One origin for everything."""
        return frozenset({origin_of(self.base_url)})

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Add the bearer key."""
        return request.with_headers({"Authorization": f"Bearer {self.api_key.reveal()}"})

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Request:
        """Put a JSON call together; unless told otherwise, all but a POST may be repeated."""
        url = self.base_url + path
        return json_call(method, url, body, query=query, repeatable=repeatable)

    def form(
        self,
        path: str,
        fields: Mapping[str, str],
        upload: Upload,
        *,
        repeatable: bool | None = None,
    ) -> Request:
        """Put a form with one file, called `file`, together."""
        return with_form(self.request("POST", path, repeatable=repeatable), fields, upload)


def with_form(
    request: Request, fields: Mapping[str, str], upload: Upload, *, name: str = "file"
) -> Request:
    """Return a copy with a form: fields, and one file that is called *name*."""
    content, content_type = multipart(
        fields,
        name=name,
        filename=upload.filename,
        content=upload.body,
        content_type=upload.content_type,
    )
    return evolve(request.with_headers({"Content-Type": content_type}), content=content)


def json_call(
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    repeatable: bool | None = None,
    auth: Auth = Auth.BEARER,
) -> Request:
    """Put a JSON call together; unless told otherwise, all but a POST may be repeated."""
    return Request.json(
        method,
        url,
        body,
        query=query or {},
        auth=auth,
        repeatable=method != "POST" if repeatable is None else repeatable,
        silent=method in ("DELETE", "PATCH"),
        family=family_of(method, urlsplit(url).path),
    )


def with_body_status(response: Response) -> Response:
    """
    Take the code in the body for the status where HTTP says 200 and the body does not.

    Unverified: such an answer is a guess; the body's code is documented to equal the status.
    """
    code = first(try_decode(response), ("code", "error.code")) if response.ok else None
    return evolve(response, status=code) if type(code) is int and 300 <= code < 600 else response  # noqa: PLR2004  (the range of refusals)
