"""Profiles: where they are found, what they may hold, how secrets are read and kept unseen."""

from __future__ import annotations

import os
import re
import sys
import tomllib
import types
from pathlib import Path

import attrs
import pytest

from portraitkit.client.connecting import connect, connect_async
from portraitkit.config import file as configfile
from portraitkit.config.building import build
from portraitkit.config.explaining import explain_config
from portraitkit.config.profiles import (
    Profile,
    check_keys,
    check_origin,
    find_profile,
    load_profile,
    resolve_secret,
)
from portraitkit.journal.journal import Journal
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.values.errors import ConfigError, PortraitError
from portraitkit.values.secret import Secret

TWO = """
profile = "alltoken"

[profiles.alltoken]
api_key = "env:ALLTOKEN_API_KEY"

[profiles.staging]
provider = "alltoken"
base_url = "http://127.0.0.1:8360"
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No test sees the settings of whoever runs it."""
    for name in ("PORTRAITKIT_CONFIG", "PORTRAITKIT_PROFILE", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = tmp_path / "project" / "src" / "deep"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)


@pytest.fixture
def write(tmp_path):
    def write(text, name="project/portraitkit.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _profile(folder=None, **settings):
    return Profile(name="mine", provider="alltoken", settings=settings, folder=folder)


# -- where it is found -----------------------------------------------------------------------------


def test_the_nearest_file_upwards_is_read(write):
    """The file in the nearest folder upwards wins over one further up."""
    near = write(TWO, "project/src/portraitkit.toml")
    write('profile = "other"\n[profiles.other]', "project/portraitkit.toml")

    profile = load_profile()

    assert ("alltoken", "alltoken") == (profile.name, profile.provider)
    assert {"api_key": "env:ALLTOKEN_API_KEY"} == profile.settings
    assert near.parent == profile.folder
    assert str(near) == profile.origins["api_key"]


def test_a_pyproject_table_is_read(write):
    """`[tool.portraitkit]` in pyproject.toml is a configuration too."""
    write(
        '[tool.portraitkit]\nprofile = "a"\n[tool.portraitkit.profiles.a]', "project/pyproject.toml"
    )

    assert "a" == load_profile().provider


def test_a_file_of_its_own_wins_over_pyproject_beside_it(write):
    """In one folder, portraitkit.toml is nearer than pyproject.toml."""
    write(TWO)
    write(
        '[tool.portraitkit]\nprofile = "a"\n[tool.portraitkit.profiles.a]', "project/pyproject.toml"
    )

    assert "alltoken" == load_profile().name


@pytest.mark.parametrize(
    "text", ["[tool.black]", "tool = 1 # portraitkit", "[tool]\nportraitkits = 1", "[broken"]
)
def test_a_pyproject_that_says_nothing_of_us_is_passed_over(write, text):
    """A pyproject.toml without our table, even a broken one, hides no file further up."""
    write(text, "project/src/pyproject.toml")
    write(TWO)

    assert "alltoken" == load_profile().name


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_the_users_folder_is_the_last_resort(write, monkeypatch, tmp_path, variable):
    """Without a file upwards, the one in the user's configuration folder is read."""
    write(TWO, "home/.config/portraitkit/portraitkit.toml")
    write(
        TWO.replace('profile = "alltoken"', 'profile = "staging"'),
        "xdg/portraitkit/portraitkit.toml",
    )
    if variable == "XDG_CONFIG_HOME":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))

    expected = "staging" if variable == "XDG_CONFIG_HOME" else "alltoken"
    assert expected == load_profile().name


def test_a_relative_xdg_folder_is_ignored(write, monkeypatch):
    """XDG_CONFIG_HOME counts only when absolute, as its specification says."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    write(TWO, "home/.config/portraitkit/portraitkit.toml")

    assert "alltoken" == load_profile().name


def test_on_windows_the_users_folder_is_appdata(write, monkeypatch, tmp_path):
    """On Windows, APPDATA holds the user's configuration."""
    monkeypatch.setattr(configfile.sys, "platform", "win32")
    write(TWO, "roaming/portraitkit/portraitkit.toml")

    assert "alltoken" == load_profile(environ={"APPDATA": str(tmp_path / "roaming")}).name


@pytest.mark.parametrize("as_argument", [True, False])
def test_a_named_file_is_the_only_one_read(write, monkeypatch, as_argument):
    """`config=` and PORTRAITKIT_CONFIG win over every other place."""
    write(TWO)
    named = write('profile = "b"\n[profiles.b]', "elsewhere/my.toml")
    if not as_argument:
        monkeypatch.setenv("PORTRAITKIT_CONFIG", str(named))

    assert "b" == load_profile(config=named if as_argument else None).name


def test_the_argument_wins_over_the_variable(write, monkeypatch):
    """`config=` is closer than PORTRAITKIT_CONFIG."""
    monkeypatch.setenv("PORTRAITKIT_CONFIG", str(write('profile = "b"\n[profiles.b]', "b.toml")))

    assert "c" == load_profile(config=write('profile = "c"\n[profiles.c]', "c.toml")).name


def test_a_named_file_that_is_missing_is_an_error(write, monkeypatch, tmp_path):
    """A file that was asked for by name is never silently replaced by another."""
    write(TWO)
    path = tmp_path / "gone.toml"
    monkeypatch.setenv("PORTRAITKIT_CONFIG", str(path))

    with pytest.raises(ConfigError) as caught:
        load_profile()
    assert f"{path}, named by PORTRAITKIT_CONFIG, does not exist" == str(caught.value)


def test_a_named_pyproject_without_our_table_is_an_error(write):
    """A pyproject.toml that was asked for by name has to hold a configuration."""
    path = write("[tool.black]", "pyproject.toml")

    with pytest.raises(ConfigError) as caught:
        load_profile(config=path)
    assert f"{path}, named by the caller, holds no [tool.portraitkit]" == str(caught.value)


def test_no_configuration_lists_every_place_and_what_to_write(tmp_path):
    """Without any file there is no default vendor, but a list of places and an example."""
    with pytest.raises(ConfigError) as caught:
        load_profile()

    text = str(caught.value)
    assert "PORTRAITKIT_CONFIG, which is not set" in text
    assert f"{tmp_path / 'project' / 'src' / 'deep' / 'portraitkit.toml'}\n" in text
    assert f"{tmp_path / 'project' / 'pyproject.toml'} [tool.portraitkit]\n" in text
    assert f"{tmp_path / 'home' / '.config' / 'portraitkit' / 'portraitkit.toml'}\n" in text
    assert '[profiles.alltoken] with api_key = "env:ALLTOKEN_API_KEY"' in text


def test_no_configuration_names_the_profile_that_was_wanted(monkeypatch):
    """A profile that was asked for by name or variable is named in the error."""
    monkeypatch.setenv("PORTRAITKIT_PROFILE", "token360")

    with pytest.raises(ConfigError, match="profile 'token360' cannot be found"):
        load_profile()


def test_a_working_directory_that_is_gone_is_no_obstacle(write, monkeypatch):
    """With the working directory deleted, the user's folder is still looked in."""
    write(TWO, "home/.config/portraitkit/portraitkit.toml")

    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(configfile.Path, "cwd", gone)

    assert "alltoken" == load_profile().name


def test_without_a_home_there_is_no_users_folder(tmp_path):
    """An empty environment is no error by itself."""
    with pytest.raises(ConfigError, match="no configuration"):
        load_profile(environ={}, cwd=tmp_path)


# -- whose it is -----------------------------------------------------------------------------------


@pytest.fixture
def found(write, tmp_path):
    """A project's file, and a last resort of the user's own."""
    write(TWO, "home/.config/portraitkit/portraitkit.toml")
    return write("profile = 'a'\n[profiles.a]")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such rights")
@pytest.mark.parametrize(
    ("rights", "folder_rights", "owner", "said"),
    [
        (0o646, 0o755, 0, "others may write it"),
        (0o644, 0o757, 0, "others may write its folder"),
        (0o644, 0o755, 1, "it belongs to another user"),
        (0o644, 0o1777, 0, ""),
        (0o644, 0o755, 0, ""),
    ],
)
def test_a_found_file_that_others_could_have_written_is_passed_over(
    found, monkeypatch, rights, folder_rights, owner, said
):
    """The next place is read, and a warning names the file and the reason."""
    found.chmod(rights)
    found.parent.chmod(folder_rights)
    if owner:
        real = configfile.os.geteuid()
        status = Path.stat

        def stat(path, **options):
            known = status(path, **options)
            values = [*known[:10]]
            values[4] = real + 7 if path.name == found.name and "home" not in path.parts else real
            return os.stat_result(values)

        monkeypatch.setattr(Path, "stat", stat)
        monkeypatch.setattr(Path, "lstat", stat)
    if not said:
        assert "a" == load_profile().name
        return
    with pytest.warns(UserWarning, match=f"{found} is passed over: {said}"):
        assert "alltoken" == load_profile().name
    assert "a" == load_profile(config=found).name


def test_the_search_upwards_ends_at_the_home_folder(found, monkeypatch, tmp_path):
    """A file above the user's home is nobody's that the user vouches for."""
    monkeypatch.setenv("HOME", str(tmp_path / "project" / "src"))

    assert find_profile("a") is None


def test_the_search_upwards_ends_at_a_file_systems_border(found, monkeypatch):
    """What is mounted does not read the configuration of what it is mounted on."""
    real = configfile._device
    monkeypatch.setattr(configfile, "_device", lambda at: 1 if at == found.parent else real(at))

    assert find_profile("a") is None


_AWAY = [
    "base_url = 'https://evil.example'",
    "base_url = 'https://api.alltoken.ai.evil.example'",
    "media_folder = 'x'\nmedia_url = 'https://evil.example'",
    "rate_limiter = 'redis://evil.example'",
    "rate_limiter = 'file:there'",
    "media_folder = '/x'\nmedia_url = 'http://127.0.0.1:9'",
    "journal = '../jobs.db'",
    "models = { x = 'https://evil.example' }",
]


@pytest.mark.parametrize("line", _AWAY)
@pytest.mark.parametrize("given", [{}, {"api_key": "sk-1"}])
def test_a_found_file_takes_no_key_elsewhere(write, monkeypatch, line, given):
    """A foreign place and a key of the user's do not meet; the error says what and what to do."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp-hunter2")
    path = write(f"[profiles.alltoken]\napi_key = 'env:GITHUB_TOKEN'\n{line}")

    with pytest.raises(ConfigError) as caught:
        build("alltoken", given)

    text = str(caught.value)
    assert str(path) in text
    assert "api_key" in text
    assert caught.value.field in line
    assert f'trust = ["{path.parent}"]' in caught.value.next_step
    shown = explain_config("alltoken")
    assert "hunter2" not in text + shown
    refused = [row for row in shown.splitlines() if row.endswith("; REFUSED")]
    assert given or ([caught.value.field] == [row.split()[0] for row in refused] and text in shown)
    if "rate_limiter" not in line:
        assert "alltoken" == build("alltoken", given, config_file=path).profile


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("media_host = 's3://localhost'", {}),
        ("media_options = { endpoint = 'https://evil.example' }", {"media_host": "s3://faces"}),
        ("media_options = { bucket = 'evil' }", {"media_host": "s3://faces"}),
    ],
)
def test_a_found_file_does_not_choose_where_faces_are_stored(write, line, given):
    """Whoever's the keys are: a store's are the user's, and may be read from the environment."""
    path = write(f"[profiles.alltoken]\napi_key = 'their-own'\n{line}")

    with pytest.raises(ConfigError, match="choose where faces are stored") as caught:
        build("alltoken", given)

    assert caught.value.field in line
    assert str(path) in str(caught.value)
    assert "REFUSED" in explain_config("alltoken")


@pytest.mark.parametrize(
    "line",
    [
        "base_url = 'https://evil.example'\napi_key = 'their-own'",
        "base_url = 'http://127.0.0.1:1'\napi_key = 'env:SET_KEY'",
        "base_url = 'https://api.alltoken.ai/'\napi_key = 'env:SET_KEY'",
        "callback_url = 'https://app.example/back'\napi_key = 'env:SET_KEY'",
        "rate_limiter = 'env:SET_KEY'\napi_key = 'env:SET_KEY'",
        "journal = 'data/jobs.db'\nmodels = { x = 'ep-1' }\napi_key = 'env:SET_KEY'",
    ],
)
@pytest.mark.filterwarnings("ignore:.*stands in the configuration")
def test_a_found_file_may_say_what_takes_no_key_elsewhere(write, monkeypatch, line):
    """Its own key, this machine, the vendor's own place and the user's own Redis are no danger."""
    monkeypatch.setenv("SET_KEY", "sk-1")
    write(f"[profiles.alltoken]\n{line}")

    assert "alltoken" == build("alltoken", {}).profile


def test_the_users_own_configuration_may_trust_a_folder(write, monkeypatch, tmp_path):
    """`trust` there lets a project's file name another place; a project cannot trust itself."""
    monkeypatch.setenv("SET_KEY", "sk-1")
    text = "[profiles.alltoken]\napi_key = 'env:SET_KEY'\nbase_url = 'https://staging.example'"
    path = write(f"trust = ['{tmp_path / 'project'}']\n{text}")
    with pytest.raises(ConfigError, match="found and not named"):
        build("alltoken", {})

    write(f"trust = ['{path.parent}']", "home/.config/portraitkit/portraitkit.toml")

    assert "https://staging.example" == build("alltoken", {}).provider.base_url


# -- which profile ---------------------------------------------------------------------------------


def test_the_variable_overrides_the_file_and_the_argument_overrides_both(write, monkeypatch):
    """Argument, PORTRAITKIT_PROFILE, then the file's own choice."""
    write(TWO + "[profiles.third]")

    assert "alltoken" == load_profile().name
    monkeypatch.setenv("PORTRAITKIT_PROFILE", "staging")
    assert "staging" == load_profile().name
    assert "third" == load_profile("third").name


def test_a_profile_may_name_its_provider(write):
    """`provider` is taken out of the settings; its default is the profile's own name."""
    write(TWO)
    profile = load_profile("staging")

    assert "alltoken" == profile.provider
    assert {"base_url": "http://127.0.0.1:8360"} == profile.settings


def test_no_chosen_profile_is_an_error_that_lists_them(write):
    """Even a single profile is not chosen silently."""
    write("[profiles.alltoken]\n[profiles.apiyi]")

    with pytest.raises(ConfigError, match=r"chooses no profile.*alltoken, apiyi"):
        load_profile()


def test_an_unknown_profile_names_the_nearest(write):
    """A mistyped name is answered with the one that was probably meant, and all others."""
    write(TWO)

    with pytest.raises(ConfigError) as caught:
        load_profile("AllTokn")
    assert "no profile 'AllTokn', which is chosen by the caller" in str(caught.value)
    assert "did you mean 'alltoken'? its profiles: alltoken, staging" in caught.value.next_step


def test_an_unlike_profile_is_answered_without_a_guess(write):
    """Nothing is suggested where nothing is near."""
    write("profiles = {}")

    with pytest.raises(ConfigError, match="its profiles: none") as caught:
        load_profile("zzz")
    assert "did you mean" not in str(caught.value)


def test_find_profile_answers_none_where_load_profile_raises(write):
    """A caller can fall back to an adapter of that name."""
    assert find_profile("token360") is None
    write(TWO)

    assert find_profile("token360") is None
    assert "http://127.0.0.1:8360" == find_profile("staging").settings["base_url"]


def test_find_profile_does_not_hide_a_broken_file(write):
    """A configuration that cannot be read is an error, not an absence."""
    write("profile = ")

    with pytest.raises(ConfigError):
        find_profile("alltoken")


# -- what it may hold ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("profile = \n", ":1:11: Invalid value"),
        ('profile = "a"\n[profiles.a\n', ":2:12: "),
        ("profile", ":1:8: "),
        ("a = 1\nb", ":2:2: "),
        ("a = 1\na = 2", ":2:6: "),
    ],
)
def test_bad_toml_names_file_line_and_column(write, text, place):
    """A syntax error says where it is."""
    path = write(text)

    with pytest.raises(ConfigError) as caught:
        load_profile("a")
    assert f"{path}{place}" in str(caught.value)


def test_a_byte_order_mark_is_no_error(write):
    """Editors on Windows may put one in front."""
    write("\ufeff" + TWO)

    assert "alltoken" == load_profile().name


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    """Bytes that are no UTF-8 are named as such."""
    (tmp_path / "project" / "portraitkit.toml").write_bytes(b"profile = '\xff\xfe'")

    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_profile()


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    """A folder in the file's place is reported with the system's reason."""
    (tmp_path / "project" / "portraitkit.toml").mkdir()

    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_profile()


def test_an_impossible_path_is_an_error():
    """A path that no system can hold is refused as a ConfigError."""
    with pytest.raises(ConfigError, match="no such path is possible"):
        load_profile(config="a\0b")


def test_a_file_below_a_file_is_absent(write):
    """A path through something that is no folder is simply not there."""
    write("", "project/src/deep/file")

    assert find_profile("a", cwd=Path("file")) is None


def test_endless_nesting_is_an_error(write):
    """A file that would exhaust the parser is refused."""
    write("a = " + "[" * 100_000)

    with pytest.raises(ConfigError):
        load_profile()


def test_a_list_of_names_is_read_and_shown(write):
    """Each part of it is shown as a single value would be."""
    write(
        'profile = "a"\n[profiles.a]\nfailover = ["alltoken-prod-eu-west-1", "env:NAME"]\n'
        'token = ["sealed-0123456789"]\nother = ["sealed-0123456789"]\n'
    )

    assert ["alltoken-prod-eu-west-1", "env:NAME"] == load_profile("a").settings["failover"]
    assert 'failover ["alltoken-prod-eu-west-1", <secret from env:NAME' in " ".join(
        explain_config().split()
    )
    assert "sealed" not in explain_config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profil = 'a'", "unknown key 'profil'.*did you mean 'profile'"),
        ("[alltoken]\napi_key = 'x'", "write .profiles.alltoken. for a profile"),
        ("[profile.alltoken]", "profile must be a string, not a table.*profiles.NAME"),
        ("profile = 3", "profile must be a string, not a number"),
        ("profiles = 'alltoken'", "profiles must be a table, not a string"),
        ("[profiles]\na = true", "profiles.a must be a table, not true or false"),
        ("[profiles.a]\nx = [1]", "profiles.a.x must be .*, a list of strings .*, not a list"),
        ("[profiles.a]\nx.y = 1979-05-27", "profiles.a.x.y must be .*, not a date or time"),
        ("[profiles.a]\nx.a.b.c.d.e = 1", "profiles.a.x.a.b.c is nested too deeply"),
        ("[profiles.a]\nx = 0x" + "f" * 6000, "profiles.a.x is too large a number"),
        ("[profiles.a]\nprovider = 3", "provider must be a string, not a number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(write, text, said):
    """What is wrong is named by file or profile, key, and the kind that is expected."""
    write(text)

    with pytest.raises(ConfigError, match=said):
        load_profile("a")


def test_a_pyproject_table_of_the_wrong_kind_is_named(write):
    """`tool.portraitkit` must be a table."""
    write("[tool]\nportraitkit = 'alltoken'", "project/pyproject.toml")

    with pytest.raises(ConfigError, match=r"tool\.portraitkit must be a table, not a string"):
        load_profile()


def test_every_kind_of_value_arrives(write):
    """Strings, numbers, truth values and tables arrive as they are written."""
    write("[profiles.a]\ns = 's'\ni = 3\nf = 2.5\nb = true\nt = {x = {y = 'z'}}")

    settings = {"s": "s", "i": 3, "f": 2.5, "b": True, "t": {"x": {"y": "z"}}}
    assert settings == load_profile("a").settings


def test_a_profile_does_not_show_its_settings():
    """A literal secret in a profile does not appear in its repr."""
    assert "hunter2" not in repr(_profile(api_key="hunter2"))


def test_an_unknown_key_names_the_nearest_known_one():
    """A key that nobody reads is an error with a suggestion."""
    profile = _profile(api_key="x", **{"Base-Url": "x"})

    with pytest.raises(ConfigError) as caught:
        check_keys(profile, {"api_key", "base_url"})
    assert "profile 'mine': unknown key 'Base-Url'" in str(caught.value)
    assert "did you mean 'base_url'? known keys: api_key, base_url" == caught.value.next_step
    assert "Base-Url" == caught.value.field


def test_known_keys_pass():
    """A profile whose keys are all known is accepted."""
    check_keys(_profile(api_key="x"), ["api_key", "base_url"])


# -- secrets ---------------------------------------------------------------------------------------


def _resolve(reference, environ=None, folder=None):
    return resolve_secret(
        reference, field="api_key", profile=_profile(folder), environ=environ or {}
    )


def test_a_secret_is_read_from_the_environment(monkeypatch):
    """`env:NAME` is the variable's value, from the given or the real environment."""
    monkeypatch.setenv("MY_KEY", "sk-real")

    assert "sk-1" == _resolve("env:MY_KEY", {"MY_KEY": "sk-1"}).reveal()
    assert "sk-real" == resolve_secret("env:MY_KEY", field="k", profile=_profile()).reveal()


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"MY_KEY": ""}, "empty")])
def test_a_missing_variable_names_profile_key_and_variable(environ, state):
    """An unset or empty variable is an error that says which, for what."""
    with pytest.raises(ConfigError) as caught:
        _resolve("env:MY_KEY", environ)

    said = f"profile 'mine', key api_key: the environment variable MY_KEY is {state}"
    assert said == caught.value.message
    assert "api_key" == caught.value.field
    assert (said,) == caught.value.args


@pytest.mark.parametrize(
    ("content", "secret"), [("sk-1", "sk-1"), ("sk-1\n", "sk-1"), ("sk-1\r\n", "sk-1")]
)
def test_a_secret_is_read_from_a_file_beside_the_configuration(tmp_path, content, secret):
    """`file:PATH` is relative to the configuration's folder, and loses one line end."""
    path = tmp_path / "keys" / "a"
    path.parent.mkdir()
    path.write_bytes(content.encode())
    path.chmod(0o600)

    assert secret == _resolve("file:keys/a", folder=tmp_path).reveal()
    assert secret == _resolve(f"file:{path}").reveal()


def test_a_file_in_the_home_folder_is_read(tmp_path):
    """`file:~/…` is in the user's home folder."""
    path = tmp_path / "home" / "key"
    path.parent.mkdir()
    path.write_text("sk-1")
    path.chmod(0o600)

    assert "sk-1" == _resolve("file:~/key").reveal()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("name", ["portraitkit.toml", "pyproject.toml", "key"])
def test_a_pipe_in_a_files_place_is_not_waited_for(tmp_path, name):
    """Nobody writes into it: that is a refusal, or no configuration, and never a wait."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be read: a folder, device, pipe or socket"):
        if name == "key":
            _ = _resolve("file:key", folder=tmp_path)
        else:
            _ = load_profile(config=tmp_path / name)


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
@pytest.mark.parametrize(
    ("mode", "may"),
    [
        (0o640, "read"),
        (0o604, "read"),
        (0o644, "read"),
        (0o602, "write"),
        (0o666, "read and write"),
    ],
)
def test_a_file_that_others_may_read_or_write_warns(tmp_path, mode, may):
    """Group or world may read or write it: that is said, without the secret."""
    path = tmp_path / "key"
    path.write_text("sk-1")
    path.chmod(mode)

    with pytest.warns(UserWarning, match=rf"others may {may} .*key; .*chmod 600") as caught:
        assert "sk-1" == _resolve(f"file:{path}").reveal()
    assert __file__ == caught[0].filename
    assert "sk-1" not in str(caught[0].message)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("file:", "file: names no file"),
        ("file:gone", "gone cannot be read: No such file"),
        ("file:a\0b", "cannot be read: no such path is possible"),
        ("file:~nobody-of-that-name/x", "home folder that file: names is not known"),
        ("file:binary", "is not a text file"),
        ("file:large", "cannot be read: it is larger than 65536 bytes"),
        ("file:two-lines", "the secret is empty, or holds white space"),
        ("file:blank", "the secret is empty, or holds white space"),
        ("env:", "not the name of an environment variable"),
        ("env:sk-pasted-by-mistake", "not the name of an environment variable"),
        ("keyring:", "followed by a service, a slash and a user"),
        ("keyring:sk-pasted-by-mistake", "followed by a service, a slash and a user"),
        ("", "the secret is empty"),
        ("Env:MY_KEY", "looks like a reference"),
        ("file :x", "looks like a reference"),
        ("key-ring:service/user", "looks like a reference"),
        ("$MY_KEY", "looks like a reference"),
        ("${MY_KEY}", "looks like a reference"),
        ("%MY_KEY%", "looks like a reference"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(tmp_path, reference, said):
    """The error says what is wrong with the reference; what may be a secret is not repeated."""
    files = {"binary": b"\xff\xfe", "large": b"x" * 70_000, "two-lines": b"a\nb", "blank": b"\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)

    with pytest.raises(ConfigError, match=said) as caught:
        _resolve(reference, folder=tmp_path)
    assert "sk-pasted" not in str(caught.value)
    assert str(caught.value).startswith("profile 'mine', key api_key: ")


@pytest.mark.parametrize("value", ["sk 1", "sk-1\n", "sk-1\r\nX-Other: 1", "clé", "\ufeffsk-1"])
def test_a_value_that_cannot_be_a_header_is_refused_unseen(value):
    """White space, line breaks and foreign characters are refused here, without the value."""
    with pytest.raises(ConfigError, match="white space or a character outside ASCII") as caught:
        _resolve("env:MY_KEY", {"MY_KEY": value})
    assert value.strip() not in str(caught.value)


def test_a_literal_secret_works_and_warns_unseen():
    """A key in the file itself is taken, with a warning that does not show it."""
    with pytest.warns(
        UserWarning, match="profile 'mine', key api_key: the secret itself"
    ) as caught:
        assert "sk-1:a/b" == _resolve("sk-1:a/b").reveal()

    assert __file__ == caught[0].filename
    assert "sk-1" not in str(caught[0].message)


def _install_keyring(monkeypatch, get_password):
    module = types.SimpleNamespace(get_password=get_password)
    monkeypatch.setitem(sys.modules, "keyring", module)


def test_a_secret_is_read_from_the_keyring(monkeypatch):
    """`keyring:SERVICE/USER` splits at the last slash."""
    asked = []
    _install_keyring(monkeypatch, lambda *names: asked.append(names) or "sk-1")

    assert "sk-1" == _resolve("keyring:https://api.example/mia").reveal()
    assert [("https://api.example", "mia")] == asked


def test_an_empty_keyring_says_how_to_fill_it(monkeypatch):
    """A keyring without that entry is an error with the command that makes it."""
    _install_keyring(monkeypatch, lambda *names: None)

    with pytest.raises(ConfigError, match=r"holds nothing for s/u.*keyring set s u"):
        _resolve("keyring:s/u")


def test_a_locked_keyring_is_an_error(monkeypatch):
    """Whatever a backend raises becomes a ConfigError without its text."""

    def locked(*names):
        raise RuntimeError("sk-1 is locked")

    _install_keyring(monkeypatch, locked)

    with pytest.raises(ConfigError, match="the keyring refused: RuntimeError") as caught:
        _resolve("keyring:s/u")
    assert "sk-1" not in str(caught.value)


def test_a_missing_keyring_package_names_the_extra(monkeypatch):
    """Without the package the error says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(ConfigError, match=r"pip install 'portraitkit\[keyring\]'"):
        _resolve("keyring:s/u")


# -- origins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.alltoken.ai", "https://api.alltoken.ai"),
        ("https://api.alltoken.ai/", "https://api.alltoken.ai"),
        ("HTTPS://API.AllToken.AI:443", "https://api.alltoken.ai"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("http://127.0.0.1:8360/", "http://127.0.0.1:8360"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8360", "http://[::1]:8360"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://my_host", "https://my_host"),
    ],
)
def test_an_origin_is_brought_to_one_form(url, origin):
    """Scheme and host in lower case, no usual port, no slash at the end."""
    assert origin == check_origin(url, field="base_url")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://api.alltoken.ai/v1", "must leave out /v1: the library adds it"),
        ("https://api.alltoken.ai/v1/portrait/", "must leave out /v1"),
        ("https://ark.example/api/v3", "must leave out /api/v3"),
        ("https://api.alltoken.ai/portrait", "must have nothing after the host"),
        ("https://api.alltoken.ai?token=hunter2", "must have nothing after the host"),
        ("https://api.alltoken.ai/#hunter2", "must have nothing after the host"),
        ("http://api.alltoken.ai", "must begin with https://: plain http is for"),
        ("http://192.168.1.5:8360", "must begin with https://: plain http is for"),
        ("http://127.0.0.1.example", "must begin with https://: plain http is for"),
        ("https://user:hunter2@api.alltoken.ai", "must not hold a user or a password"),
        ("https://hunter2@api.alltoken.ai", "must not hold a user or a password"),
        ("api.alltoken.ai", "must begin with https://"),
        ("ftp://api.alltoken.ai", "must begin with https://"),
        ("", "must begin with https://"),
        ("https://", "must name a host"),
        ("https://-api", "must name a host"),
        ("https://api alltoken", "must name a host"),
        ("https://api.alltoken.ai\n", "is not a URL"),
        ("https://api:0", "is not a URL"),
        ("https://api:x", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://[::1%lo]", "must name a host"),
    ],
)
def test_what_is_no_origin_is_refused_with_the_reason(url, said):
    """A base URL that could lead a key astray is refused, and nothing secret in it is shown."""
    with pytest.raises(ConfigError) as caught:
        check_origin(url, field="base_url")

    assert f"base_url {said}" in caught.value.message
    assert "base_url" == caught.value.field
    assert "hunter2" not in str(caught.value)


# -- explaining ------------------------------------------------------------------------------------


def test_explain_config_says_where_everything_comes_from(write, monkeypatch, tmp_path):
    """Each key has its value or its mask, and its place: argument, variable, file or default."""
    monkeypatch.setenv("PORTRAITKIT_PROFILE", "mine")
    monkeypatch.setenv("SET_KEY", "sk-1")
    path = write(
        """
[profiles.mine]
provider = "alltoken"
api_key = "env:SET_KEY"
access_key = "env:UNSET_KEY"
secret_key = "file:gone"
session_token = "keyring:service/user"
base_url = "http://127.0.0.1:8360"
strict_limits = true
models = {"seedance-2.0" = "ep-20260318035710-abcde"}
pacing = {asset = {first_s = 2.5}}
"""
    )

    rows = dict(line.split(None, 1) for line in explain_config().splitlines())

    assert "mine" == rows["profile"].split()[0]
    assert rows["profile"].endswith("chosen by PORTRAITKIT_PROFILE")
    assert rows["api_key"].startswith("<secret from env:SET_KEY> ")
    assert rows["api_key"].endswith(str(path))
    assert rows["access_key"].startswith("<secret from env:UNSET_KEY, which is not set> ")
    assert rows["secret_key"].startswith("<secret from file:gone, which is missing> ")
    assert rows["session_token"].startswith("<secret from keyring:service/user> ")
    assert rows["base_url"].startswith('"http://127.0.0.1:8360" ')
    assert rows["strict_limits"].startswith("true ")
    assert rows["models"].startswith('{seedance-2.0 = "ep-20260318035710-abcde"} ')
    assert rows["pacing"].startswith("{asset = {first_s = 2.5}} ")


def test_explain_config_shows_the_adapters_defaults(write):
    """What the file leaves out is shown as the adapter has it."""
    write("[profiles.alltoken]\napi_key = 'env:K'")

    rows = dict(line.split(None, 1) for line in explain_config("alltoken").splitlines())

    assert '"https://api.alltoken.ai"' == rows["base_url"].split()[0]
    assert rows["base_url"].endswith("default")
    assert rows["profile"].endswith("chosen by the caller")
    assert rows["provider"].endswith("default: the profile's name")


def test_explain_config_shows_the_defaults_of_the_class_that_is_chosen(write):
    """APIYI has two libraries: the origin shown is the one that the profile's calls go to."""
    write('[profiles.apiyi]\nassets = "icover"\nlibrary_key = "env:KEY"')

    rows = dict(line.split(None, 1) for line in explain_config("apiyi").splitlines())

    assert rows["assets_url"].startswith('"https://icover.ai"')
    assert rows["library_key"].startswith("<secret from env:KEY")
    assert "region" not in rows


@pytest.mark.parametrize(
    "line",
    [
        "api_key = 'hunter2hunter2'",
        "api_key = 987654321",
        "apikey = 'hunter2hunter2'",
        "SESSION_TOKEN = 'hunter2hunter2'",
        "api_kee = 'hunter2-hunter2-hunter2'",
        "api_key = 'env:hunter2-hunter2'",
        "api_key = 'keyring:hunter2'",
        "base_url = 'https://user:hunter2@host'",
        "callback_url = 'https://host/path?token=hunter2'",
        "extra = {api_key = 'hunter2hunter2'}",
        "extra = {deep = {password = 'hunter2'}}",
    ],
)
def test_explain_config_never_shows_a_secret(write, line):
    """Literal keys, mistyped ones, passwords in URLs and tokens in queries stay hidden."""
    write(f"[profiles.mine]\n{line}")

    text = explain_config("mine")

    assert "hunter2" not in text
    assert "987654321" not in text
    assert "<secret" in text


@pytest.mark.parametrize("reference", ["file:~nobody-of-that-name/x", "file:a\\u0000b"])
def test_explain_config_shows_a_path_that_cannot_be(write, reference):
    """A file that cannot even be looked for is shown as unreadable, or as missing."""
    write(f'[profiles.mine]\napi_key = "{reference}"')

    assert ", which " in explain_config("mine")


def test_explain_config_survives_a_broken_adapter(write, monkeypatch):
    """An adapter that cannot be imported does not keep the file from being explained."""
    import portraitkit.providers.registry as module

    class Broken:
        name = value = "mine"

        def load(self):
            raise ImportError("no")

    monkeypatch.setattr(module, "_installed", lambda *_: (Broken(),))
    write("[profiles.mine]\nregion = 'cn-beijing'")

    assert 'region    "cn-beijing"' in explain_config("mine")


def test_explain_config_needs_no_adapter(write):
    """A provider that is not installed is explained without defaults."""
    write("[profiles.mine]\nprovider = 'nobody'\nregion = 'cn-beijing'")

    assert "nobody" in explain_config("mine")
    assert "default" not in explain_config("mine")


def test_explain_config_raises_what_connect_would(write):
    """Without a configuration there is nothing to explain but where it was looked for."""
    with pytest.raises(ConfigError, match="there is no configuration"):
        explain_config()


# -- anything at all -------------------------------------------------------------------------------


def _spoken(call):
    """What a call returns, or the text of the PortraitError that it raises."""
    try:
        return call()
    except PortraitError as error:
        return str(error)


@pytest.mark.parametrize(
    "text",
    [
        "profile = '''",
        "a." * 3000 + "a = 1",
        "[profiles." + "a." * 3000 + "a]",
        "[profiles.a]\nx = 1e400",
    ],
    ids=["open", "deep", "deep profile", "infinite"],
)
def test_no_file_raises_anything_but_a_portrait_error(tmp_path_factory, text):
    """What once broke the parser is refused with a ConfigError; fuzzing tries the rest."""
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text(text, encoding="utf-8")

    assert _spoken(lambda: explain_config("a", config=path, environ={}))


_WRONG = [1.5, b"x", ..., True, "a\0b", "\ud800"]


@pytest.mark.parametrize("wrong", _WRONG, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    "call",
    [
        Journal,
        connect,
        connect_async,
        lambda wrong: connect("alltoken", api_key="x", config=wrong),
        lambda wrong: connect("alltoken", api_key="x", settings=wrong),
        lambda wrong: connect("alltoken", api_key="x", settings={"journal": wrong}),
        explain_config,
        lambda wrong: explain_config("a", config=wrong),
        lambda wrong: explain_config("a", cwd=wrong),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(wrong, call):
    """Whatever stands for a name, a path or settings, only a ConfigError leaves."""
    with pytest.raises(ConfigError):
        _ = call(wrong)


@pytest.mark.parametrize("vendor", ["volcengine", "byteplus"])
def test_an_agent_plans_path_is_a_setting(vendor):
    """Its tasks are below another path; one that Ark is not known to have is refused."""

    def url(path):
        keys = {"api_key": "x", "access_key": "a", "secret_key": "b"}
        provider = build(vendor, {**keys, "video_path": path}).provider
        return provider.task_request("GET").url

    assert "/api/plan/v3/contents/generations/tasks" in url("/api/plan/v3")
    with pytest.raises(ConfigError, match="none of Ark's"):
        _ = url("/elsewhere")


ROOT = Path(__file__).parents[2]
NAMES = provider_names()


def _pages():
    """Every credential that a page takes from the environment: where, of which adapter, whence."""
    for page in [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]:
        for text in re.findall(
            r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
        ):
            for name, settings in tomllib.loads(text).get("profiles", {}).items():
                provider = settings.get("provider", name)
                for key, value in settings.items():
                    if key.endswith("_key") and value.startswith("env:") and provider in NAMES:
                        yield f"{page.name} {provider} {key}", provider, key, value


@pytest.mark.parametrize(
    ("provider", "key", "value"), [pytest.param(*a, id=i) for i, *a in _pages()]
)
def test_pages_suggest_the_variable_that_messages_do(provider, key, value):
    """One name for a credential, wherever a user first reads of it."""
    assert f"env:{provider_class(provider).variable(key)}" == value


@pytest.mark.parametrize("provider", NAMES)
def test_what_is_missing_is_told_with_the_variable_to_put_it_in(provider):
    """Each required credential in turn."""
    cls = provider_class(provider)
    given = {}
    for key in [each.name for each in attrs.fields(cls) if each.default is attrs.NOTHING]:
        with pytest.raises(ConfigError) as caught:
            _ = connect(provider, settings=given)
        assert key == caught.value.field
        assert f'{key} = "env:{cls.variable(key)}"' in caught.value.next_step
        given[key] = Secret("x")
