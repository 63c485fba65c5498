"""Every providers/<vendor>/contract.yaml is well-formed, and says only what this library knows."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

import contract_judge
from portraitkit.operations.provider import PortraitProvider
from portraitkit.values import errors
from portraitkit.values.statuses import AssetStatus, VerificationStatus, VideoStatus

META = yaml.safe_load((Path(__file__).parent / "data" / "contract-schema.yaml").read_text())
VENDORS = sorted(path.parent.name for path in contract_judge.FOLDER.glob("*/contract.yaml"))

# A group's words say whether it can be used and, for a real person's, how the face check stands;
# a task's words say how the review of what it took in stands.
MEANINGS = {
    "asset": {status.name for status in AssetStatus},
    "group": {"ACTIVE", *(status.name for status in VerificationStatus)},
    "task": {status.name for status in AssetStatus},
    "verification": {status.name for status in VerificationStatus},
    "video": {status.name for status in VideoStatus},
}


@pytest.fixture(params=VENDORS)
def contract(request):
    return contract_judge.load(request.param)


def _walk(node, path="contract"):
    """Every mapping in a document, with where it stands."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, f"{path}[{index}]")


def _claims(document):
    """Every statement that carries evidence, with where it stands."""
    parts = {key: value for key, value in document.items() if key != "schemas"}
    return [(path, node) for path, node in _walk(parts) if "evidence" in node and "source" in node]


def _schemas(document):
    """Every JSON Schema in a contract, with where it stands."""
    yield from ((f"schemas.{name}", schema) for name, schema in document.get("schemas", {}).items())
    for index, schema in enumerate(document["error_schemas"]):
        yield f"error_schemas[{index}]", schema
    for name, operation in document["operations"].items():
        for key in ("query_schema", "when"):
            if key in operation:
                yield f"{name}.{key}", operation[key]
        if "request" in operation:
            yield f"{name}.request", operation["request"]["schema"]
        for answer in operation["answers"]:
            if "schema" in answer:
                yield f"{name}.answers.{answer['status']}", answer["schema"]


def _followed(document, schema):
    """Follow a schema that is nothing but a reference."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = document["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_built_in_vendor_has_a_contract():
    """No adapter is without a contract to be judged by."""
    assert [
        "alltoken",
        "apimart",
        "apiyi",
        "byteplus",
        "token360",
        "volcengine",
        "xcompute",
    ] == VENDORS


def test_the_meta_schema_is_a_schema():
    """The form that contracts are held to is itself a valid JSON Schema."""
    Draft202012Validator.check_schema(META)


def test_a_contract_is_well_formed(contract):
    """A contract has the form in tests/data/contract-schema.yaml, and its folder's name."""
    plain = json.loads(json.dumps(contract.document, default=str))
    checker = Draft202012Validator(META, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found = [f"{error.json_path}: {error.message}" for error in checker.iter_errors(plain)]

    assert [] == found
    assert contract.vendor == plain["vendor"]


def test_every_key_is_a_word(contract):
    """No key is one of the words that YAML takes for something else, such as Yes, No, On, Off."""
    keys = [(where, key) for where, node in _walk(contract.document) for key in node]

    assert [] == [(where, key) for where, key in keys if not isinstance(key, str)]


def test_every_source_is_declared(contract):
    """Each source key that is used is explained at the top."""
    used = {claim["source"]: where for where, claim in _claims(contract.document)}
    declared = set(contract.document["sources"])

    assert {} == {source: where for source, where in used.items() if source not in declared}


def test_every_schema_is_a_schema(contract):
    """Each JSON Schema in a contract is valid, and its references lead to named schemas."""
    names = contract.document.get("schemas", {})
    for _, schema in _schemas(contract.document):
        Draft202012Validator.check_schema(schema)
    refs = {
        (where, node["$ref"])
        for where, schema in _schemas(contract.document)
        for _, node in _walk(schema)
        if isinstance(node.get("$ref"), str)
    }

    assert [] == [ref for ref in refs if ref[1].removeprefix("#/schemas/") not in names]


def test_every_auth_and_origin_is_declared(contract):
    """An operation names only credentials and origins that the contract describes."""
    document = contract.document
    for name, operation in document["operations"].items():
        assert operation["origin"] in document["origins"], name
        assert operation["auth"] in {"none", *document["auth"]}, name


def test_every_operation_serves_a_real_one(contract):
    """`does` names operations of PortraitProvider."""
    does = {
        do for operation in contract.document["operations"].values() for do in operation["does"]
    }

    assert [] == sorted(do for do in does if not callable(getattr(PortraitProvider, do, None)))


def test_every_error_means_a_real_class(contract):
    """`means` of a refusal names a ProviderError of this library."""
    rows = [*contract.document["errors"]]
    for operation in contract.document["operations"].values():
        rows += [row for row in operation.get("errors", []) if "means" in row]
    for row in rows:
        assert issubclass(getattr(errors, row["means"], int), errors.ProviderError), row


def test_every_status_word_means_a_real_status(contract):
    """`means` of a status word names a real status, and no word stands twice."""
    for kind, rows in contract.document["status_words"].items():
        words = [row["word"] for row in rows]

        assert [] == [row for row in rows if row["means"] not in MEANINGS[kind]]
        assert sorted(set(words)) == sorted(words)


def test_requests_are_exact(contract):
    """A request schema admits nothing but what is written down: no field is sent on a guess."""
    for name, operation in contract.document["operations"].items():
        schema = _followed(contract.document, operation.get("request", {}).get("schema", False))
        closed = schema is False or False in (
            schema.get("additionalProperties"),
            schema.get("unevaluatedProperties"),
        )

        assert closed, f"{name}: its request schema admits any member"


def test_operations_can_be_told_apart(contract):
    """Two operations on one method and path differ in their query, or in what their bodies hold."""
    operations = contract.document["operations"].items()
    for (one, first), (two, second) in itertools.combinations(operations, 2):
        shapes = [
            (o["origin"], o["method"], re.sub(r"\{[^}]+\}", "{}", o["path"]))
            for o in (first, second)
        ]
        if shapes[0] != shapes[1]:
            continue
        queries = [o.get("query", {}) for o in (first, second)]
        shared = queries[0].keys() & queries[1].keys()
        differ = any(queries[0][key] != queries[1][key] for key in shared)

        assert differ or "when" in first or "when" in second, f"{one} and {two}"


def test_contracts_name_no_place_of_ours(contract):
    """A contract speaks of the vendor alone."""
    text = json.dumps(contract.document, default=str)

    assert not re.search(r"(/work/|/tmp/|localhost|127\.0\.0\.1)", text)
