"""What a file says of where it comes from: Content Credentials, encoder and tags."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portraitkit.compare.delivered import measure

pytest.importorskip("av", reason="needs: pip install 'portraitkit[compare]'")
pytest.importorskip("c2pa", reason="needs: pip install 'portraitkit[compare]'")

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from clips import write_clip

MANIFEST = {
    "claim_generator_info": [{"name": "made-up generator", "version": "2"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/"
                        "trainedAlgorithmicMedia",
                    }
                ]
            },
        }
    ],
}


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "clip.mp4", [Image.new("RGB", (64, 64), "teal")] * 4)


@pytest.fixture(scope="module")
def signer():
    """A studio that does not exist, certified by a root that nobody trusts."""
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = certificate("A studio", leaf, root), certificate("A root", root, root)
    key = leaf.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, pem, key, None)
    return c2pa.Signer.from_info(info)


def certificate(who, key, root):
    is_root = key is root
    unused = "content_commitment key_encipherment data_encipherment key_agreement crl_sign"
    uses = dict.fromkeys([*unused.split(), "encipher_only", "decipher_only"], False)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, who)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A root")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, **uses),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False
        )
    )
    if not is_root:
        mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=False)
    return builder.sign(root, hashes.SHA256())


def sign(clip, signer, *, remote=None):
    signed = clip.with_name("signed.mp4")
    builder = c2pa.Builder(json.dumps(MANIFEST))
    if remote:
        builder.set_no_embed()
        builder.set_remote_url(remote)
    with clip.open("rb") as source, signed.open("w+b") as target:
        builder.sign(signer, "video/mp4", source, target)
    return signed


def test_a_manifest_is_told_as_it_stands(clip, signer):
    """Who made it and who signed, though nobody trusts that root: no verdict is given."""
    origin = measure(sign(clip, signer)).origin

    assert "found" == origin.c2pa_status
    assert "made-up generator 2" == origin.c2pa["claim_generator"]
    assert "A studio" == origin.c2pa["issuer"]
    assert any(each.startswith("c2pa.actions") for each in origin.c2pa["assertions"])


def test_none_is_told_from_not_looked_at(clip, signer, monkeypatch):
    """A vendor is not said to leave out what could not be read here."""
    assert (None, "none") == (measure(clip).origin.c2pa, measure(clip).origin.c2pa_status)
    signed = sign(clip, signer)
    monkeypatch.setitem(sys.modules, "c2pa", None)

    assert "not looked at" == measure(signed).origin.c2pa_status


def test_a_damaged_manifest_is_told(clip, signer):
    """The video is measured all the same."""
    signed = sign(clip, signer)
    content = bytearray(signed.read_bytes())
    at = content.index(b"jumb")
    content[at + 40 : at + 400] = bytes(360)
    signed.write_bytes(content)

    found = measure(signed)

    assert (64, "unreadable") == (found.width, found.origin.c2pa_status)


def test_no_address_in_a_file_is_asked(clip, signer):
    """A manifest kept elsewhere stays there: a file cannot make this machine send a request."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        remote = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        signed = sign(clip, signer, remote=remote)
        with pytest.raises(c2pa.C2paError), signed.open("rb") as file:
            c2pa.Reader(None, file)
        by_default = asked.copy()
        found = measure(signed)
        server.shutdown()

    assert (["/manifest.c2pa"], by_default) == (by_default, asked)
    assert (None, "kept elsewhere") == (found.origin.c2pa, found.origin.c2pa_status)


def test_tags_are_told_without_what_signs_an_address(clip):
    """The encoder's tag and the others, each of a bounded length."""
    tags = {
        "comment": "https://cdn.example/video.mp4?X-Signature=abcdefghijklmnop",
        "AIGC": '{"Label":"1"}',
        "title": "fox " * 1000,
    }
    write_clip(clip, [Image.new("RGB", (64, 64))] * 4, tags=tags)

    origin = measure(clip).origin

    assert origin.encoder.startswith("Lavf")
    assert '{"Label":"1"}' == origin.tags["AIGC"]
    assert "https://cdn.example/video.mp4" in origin.tags["comment"]
    assert "abcdefghijklmnop" not in json.dumps(origin.tags)
    assert len(origin.tags["title"]) <= 300
