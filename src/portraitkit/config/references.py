"""
Secrets by reference: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`.

A configuration file says where a secret is, and the secret itself is read only when it is needed.
No message from here shows one, nor the text of a reference that may be a secret by mistake.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from ..values.errors import ConfigError
from ..values.media import read_regular
from ..values.secret import Secret

SCHEMES: Final = ("env", "file", "keyring")

_FILE_LIMIT_BYTES: Final = 64 * 1024
_RIGHTS: Final = {0o044: "read", 0o022: "write"}
_OTHERS_RIGHTS: Final = 0o066
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELL_VARIABLE: Final = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%")


def is_reference(text: str) -> bool:
    """Tell whether *text* says where a secret is, rather than being one."""
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme in SCHEMES


def read_reference(
    reference: str, *, field: str, where: str, folder: Path | None, environ: Mapping[str, str]
) -> Secret:
    """
    Read the secret that *reference* names. One that is no reference is the secret, and warns.

    Args:
        reference: As it stands in the configuration.
        field: The key that it is the value of.
        where: Names profile and key in messages.
        folder: What a relative path is relative to; None is the working directory.
        environ: The environment variables.

    Raises:
        ConfigError: It leads nowhere, or what is there cannot be sent as a credential.
    """
    try:
        secret = _read(reference, field=field, where=where, folder=folder, environ=environ)
    except ConfigError as error:
        error.message = f"{where}: {error.message}"
        error.args = (error.message,)
        raise error.fill(field=field) from None
    return Secret(secret)


def check_secret(secret: Secret, *, field: str) -> Secret:
    """
    Refuse what cannot be sent as a credential.

    Raises:
        ConfigError: It is empty, or not printable ASCII without blanks.
    """
    if not re.fullmatch(r"[!-~]+", secret.reveal()):
        raise ConfigError(
            "the secret is empty, or holds white space or a character outside ASCII",
            field=field,
            next_step="store the bare key, without quotes, blanks or line breaks",
        )
    return secret


def show_reference(reference: str, *, folder: Path | None, environ: Mapping[str, str]) -> str:
    """Say where a secret comes from, and whether it is there, without reading it."""
    scheme, _, rest = reference.partition(":")
    lack = ""
    if scheme == "env":
        if not _VARIABLE.fullmatch(rest):
            return "<secret from env:…, which names no variable>"
        lack = "" if environ.get(rest) else ", which is not set"
    elif scheme == "file":
        try:
            lack = "" if _path_of(rest, folder).is_file() else ", which is missing"
        except (OSError, ValueError, ConfigError):
            lack = ", which cannot be read"
    elif not _service_and_user(rest):
        return "<secret from keyring:…, which names no service and user>"
    return f"<secret from {reference}{lack}>"


def _read(
    reference: str, *, field: str, where: str, folder: Path | None, environ: Mapping[str, str]
) -> str:
    scheme, _, rest = reference.partition(":")
    if not is_reference(reference):
        secret = _literal(reference, field=field, where=where)
    elif scheme == "env":
        secret = _from_environment(rest, environ)
    elif scheme == "file":
        secret = _from_file(rest, folder, where=where)
    else:
        secret = _from_keyring(rest)
    return check_secret(Secret(secret), field=field).reveal()


def _literal(text: str, *, field: str, where: str) -> str:
    scheme, colon, _ = text.partition(":")
    import difflib  # noqa: PLC0415  (only for who mistypes)

    near = colon and difflib.get_close_matches(scheme.strip().lower(), SCHEMES, cutoff=0.65)
    if near or _SHELL_VARIABLE.fullmatch(text):
        raise ConfigError(
            "this looks like a reference to a secret, but is not written like one",
            next_step=f'write {field} = "env:NAME", "file:PATH" or "keyring:SERVICE/USER"',
        )
    if text:
        warnings.warn(
            f"{where}: the secret itself stands in the configuration; keep it in an environment "
            f'variable and write {field} = "env:NAME"',
            UserWarning,
            stacklevel=5,
        )
    return text


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ConfigError("what follows env: is not the name of an environment variable")
    if value := environ.get(name):
        return value
    state = "empty" if name in environ else "not set"
    raise ConfigError(
        f"the environment variable {name} is {state}",
        next_step=f"set {name}, or name another variable",
    )


def _path_of(text: str, folder: Path | None) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ConfigError("the home folder that file: names is not known") from None
    return (folder or Path()) / path


def _from_file(text: str, folder: Path | None, *, where: str) -> str:
    if not text:
        raise ConfigError("file: names no file")
    path = _path_of(text, folder)
    try:
        secret = read_regular(path, _FILE_LIMIT_BYTES).decode()
        mode = path.stat().st_mode
    except UnicodeError:
        raise ConfigError(f"{path} is not a text file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path is possible"
        raise ConfigError(f"{path} cannot be read: {reason}") from None
    if os.name == "posix" and mode & _OTHERS_RIGHTS:
        may = " and ".join(word for bits, word in _RIGHTS.items() if mode & bits)
        warnings.warn(
            f"{where}: others may {may} {path}; take their right away: chmod 600",
            UserWarning,
            stacklevel=5,
        )
    return secret.removesuffix("\n").removesuffix("\r")


def _service_and_user(text: str) -> tuple[str, str] | None:
    service, _, user = text.rpartition("/")
    return (service, user) if service and user else None


def _from_keyring(text: str) -> str:
    names = _service_and_user(text)
    if names is None:
        raise ConfigError("keyring: is followed by a service, a slash and a user")
    service, user = names
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise ConfigError(
            "the package keyring is not installed",
            next_step="pip install 'portraitkit[keyring]', or use env: or file:",
        ) from None
    try:
        secret = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001  (backends raise what they like)
        raise ConfigError(f"the keyring refused: {type(error).__name__}") from None
    if not isinstance(secret, str):
        raise ConfigError(
            f"the keyring holds nothing for {service}/{user}",
            next_step=f"keyring set {service} {user}",
        )
    return secret
