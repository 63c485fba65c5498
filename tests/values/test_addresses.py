"""Which hosts are of the public internet, told without asking anybody."""

import pytest

from portraitkit.values.addresses import is_private_literal


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "127%2e0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:db8::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "localhost",
        "LOCALHOST.",
        "me.localhost",
        "printer.local",
        "metadata.google.internal",
        "user@10.0.0.1",
        "",
        "[bad",
    ],
)
def test_what_is_not_public(host):
    """In every way to write it."""
    assert is_private_literal(f"https://{host}/mia.mp4")
    assert is_private_literal(f"http://{host}")


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "134744072",
        "[2001:4860:4860::8888]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::808:808]",
        "media.example",
        "10.0.0.1.example",
        "localhost.example",
        "me@media.example",
    ],
)
def test_what_may_be_public(host):
    """An address of one host, or a name that has to be looked up."""
    assert not is_private_literal(f"https://{host}:8443/mia.mp4")
