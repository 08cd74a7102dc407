"""A bucket on a real server that speaks S3, and a folder by its address."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from nostop.plugins import transport
from nostop.ports import Transport
from tests.transports.weather import HASTY, PATIENT, Line, contents, files_end_at, refused

BIG = os.urandom(600_000)


class Bucket:
    """The bucket `borchester` of a server, and somebody who may read it."""

    def __init__(self, url: str) -> None:
        self._url = url
        made_up = {"aws_access_key_id": "maker", "aws_secret_access_key": "maker"}
        where = {"endpoint_url": url, "region_name": "eu-west-2", **made_up}
        calm = Config(parameter_validation=False, retries={"max_attempts": 1})
        self.s3 = boto3.client("s3", config=calm, **where)
        self.s3.create_bucket(
            Bucket="borchester", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        iam = boto3.client("iam", config=calm, **where)
        iam.create_user(UserName="nostop")
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        iam.put_user_policy(
            UserName="nostop",
            PolicyName="reads",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        key = iam.create_access_key(UserName="nostop")["AccessKey"]
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def put(self, name: str, content: bytes) -> None:
        self.s3.put_object(Bucket="borchester", Key=name, Body=content)

    def checks_keys(self, *, after: str) -> None:
        """From now on, after so many requests, keys are checked."""
        httpx.post(f"{self._url}/moto-api/reset-auth", content=after).raise_for_status()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Bucket, Line]]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    line = Line((host, port))
    bucket = Bucket(f"http://{host}:{port}")
    yield bucket, line
    bucket.s3.close()
    line.close()
    moto.stop()


@pytest.fixture
def bucket(server: tuple[Bucket, Line], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    bucket = server[0]
    bucket.checks_keys(after="inf")
    for found in bucket.s3.list_objects_v2(Bucket="borchester").get("Contents", []):
        bucket.s3.delete_object(Bucket="borchester", Key=found["Key"])
    monkeypatch.setenv("BUCKET_KEY", bucket.key)
    monkeypatch.setenv("BUCKET_SECRET", bucket.secret)
    return bucket


@pytest.fixture
def line(server: tuple[Bucket, Line]) -> Line:
    server[1].fine()
    return server[1]


def store(line: Line, **settings: object) -> Transport:
    standing = {
        "url": "s3://borchester/out",
        "pattern": "pensions*.csv",
        "options": {"endpoint": f"http://127.0.0.1:{line.port}", "region": "eu-west-2"},
        "credentials_env": {
            "access_key_id": "BUCKET_KEY",
            "secret_access_key": "BUCKET_SECRET",
        },
        "patience": PATIENT,
    }
    return transport("object_store", {**standing, **settings})


def test_new_objects_are_brought_once(bucket: Bucket, line: Line, tmp_path: Path) -> None:
    bucket.put("out/pensions_1.csv", b"one")
    bucket.put("out/pensions_2.csv", b"two")
    bucket.put("out/deeper/pensions_3.csv", b"no")
    bucket.put("out/notes.txt", b"no")
    first = store(line).fetch(tmp_path, {})
    assert contents(first) == {"pensions_1.csv": b"one", "pensions_2.csv": b"two"}
    assert store(line).fetch(tmp_path, first.bookmark).files == ()
    bucket.put("out/pensions_2.csv", b"mended")
    second = store(line).fetch(tmp_path, first.bookmark)
    assert contents(second) == {"pensions_2.csv": b"mended"}


def test_a_folder_by_its_address_does_as_well(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "arriving").mkdir()
    (tmp_path / "out" / "pensions.csv").write_bytes(BIG)
    (tmp_path / "out" / "empty.csv").write_bytes(b"")
    source = transport("object_store", {"url": (tmp_path / "out").as_uri(), "pattern": "*.csv"})
    first = source.fetch(tmp_path / "arriving", {})
    assert contents(first) == {"pensions.csv": BIG, "empty.csv": b""}
    assert source.fetch(tmp_path / "arriving", first.bookmark).files == ()


def test_a_reset_at_every_tenth_read_only_costs_time(
    bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", BIG)
    line.resets_every, line.spared = 50, 8_000
    assert contents(store(line).fetch(tmp_path, {})) == {"pensions.csv": BIG}
    assert line.resets >= 2


def test_half_an_object_is_gone_on_from_by_the_next_fetch(
    bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", BIG)
    line.ends_after = 400_000
    refused(store(line, patience={**PATIENT, "tries": 1}), tmp_path, "the line broke off")
    arrived = (tmp_path / "pensions.csv.part").stat().st_size
    assert 0 < arrived < 400_000
    # Of what is left less than the whole goes over the line.
    line.ends_after = 620_000 - arrived
    assert contents(store(line).fetch(tmp_path, {})) == {"pensions.csv": BIG}


def test_half_of_one_object_is_never_joined_to_half_of_another(
    bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", BIG)
    line.ends_after = 400_000
    refused(store(line, patience={**PATIENT, "tries": 1}), tmp_path, "the line broke off")
    line.fine()
    bucket.put("out/pensions.csv", BIG[::-1])
    assert contents(store(line).fetch(tmp_path, {})) == {"pensions.csv": BIG[::-1]}


@pytest.mark.parametrize("stalls_after", [0, 20_000])
def test_a_store_that_falls_silent_is_left_in_time(
    stalls_after: int, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", BIG)
    line.silent, line.stalls_after = not stalls_after, stalls_after
    refused(store(line, patience=HASTY), tmp_path, r"did not answer within 0\.3 seconds")
    line.fine()
    assert contents(store(line).fetch(tmp_path, {})) == {"pensions.csv": BIG}


def test_a_wrong_key_is_told_from_a_store_that_is_away(
    bucket: Bucket, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("out/pensions.csv", b"a")
    bucket.checks_keys(after="0")
    monkeypatch.setenv("BUCKET_SECRET", "CANARY-wrong")
    refused(store(line), tmp_path, "refuses our credentials")
    monkeypatch.setenv("BUCKET_KEY", "CANARYNOBODY")
    refused(store(line), tmp_path, "refuses our credentials")
    away = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-2"}
    refused(store(line, options=away, patience=HASTY), tmp_path, "cannot be reached")


def test_a_full_disk_is_told_and_the_next_fetch_goes_on(
    bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", BIG)
    with files_end_at(100_000):
        refused(store(line), tmp_path, "the disk is full")
    assert contents(store(line).fetch(tmp_path, {})) == {"pensions.csv": BIG}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "s3://elsewhere/out"}, "no such bucket"),
        ({"url": "ftp://borchester/out"}, "begin the url with one of s3"),
        ({"options": {"secret_access_key": "CANARY"}}, "is secret: use credentials_env"),
        ({"options": {"endpoint": "http://example.org"}}, "has to begin with https"),
        ({"options": {"colour": "red"}}, "has an unknown key"),
        ({"bytes_at_most": 2}, "larger than 2 bytes"),
    ],
)
def test_what_cannot_be_used_is_told(
    settings: dict[str, object], message: str, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.put("out/pensions.csv", b"abc")
    refused(store(line, **settings), tmp_path, re.escape(message))
