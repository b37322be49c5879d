"""The first host sends a client on: how far it follows, what it remembers, and whom it never gives the token."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.service import COMPANY, Service, Step, serving
from support.vectors import VECTORS
from support.walk import walking
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.clouds import PATH, onward
from syncramp.errors import ServiceRefused
from syncramp.spec.types import Cloud

ELSEWHERE = VECTORS["Redirect fault"]


@contextmanager
def endpoint(service: Service, folder: Path) -> Iterator[V2Endpoint]:
    made = V2Endpoint(service.target(), service.secrets(folder), busy_first=0.001)
    try:
        yield made
    finally:
        made.close()


def to(host: str, scheme: str = "https") -> Step:
    return Step(500, body=contract.redirect_response(f"{scheme}://{host}/provisioningservice.svc"))


def test_a_call_follows_to_the_host_of_the_tenant_and_later_calls_go_there_at_once(tmp_path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(serving())
        region = stack.enter_context(serving(certificates=first.certificates))
        first.steps.append(to(region.host))
        client = stack.enter_context(endpoint(first, tmp_path))
        assert client.company() == COMPANY
        client.finalize(1, 1)
    assert [request.operation for request in first.requests] == [contract.GET_COMPANY]
    assert [request.operation for request in region.requests] == [contract.GET_COMPANY, contract.FINALIZE]
    assert region.headers[0]["host"] == region.host
    assert region.requests[0].to == f"https://{region.host}/provisioningservice.svc"
    assert first.requests[0].message_id != region.requests[0].message_id
    assert len(first.token_requests) == 1 and not region.token_requests


def test_a_host_of_no_cloud_never_gets_the_token(tmp_path) -> None:
    with serving(Step(500, body=ELSEWHERE)) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(
            ServiceRefused, match=r"on to https://region\.example/\S*, which is no host of the cloud"
        ) as caught:
            client.company()
        assert "spec.target.endpoint.host" in str(caught.value)
        assert client.company() == COMPANY, "the first host is still the one that is asked"


def test_a_redirect_without_tls_is_not_followed(tmp_path) -> None:
    with serving() as service, endpoint(service, tmp_path) as client:
        service.steps.append(to(service.host, scheme="http"))
        with pytest.raises(ServiceRefused, match="no host of the cloud"):
            client.company()


def test_a_circle_is_told_with_its_hosts(tmp_path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(serving())
        second = stack.enter_context(serving(certificates=first.certificates))
        first.steps.append(to(second.host))
        second.steps.append(to(first.host))
        client = stack.enter_context(endpoint(first, tmp_path))
        with pytest.raises(ServiceRefused, match=f"without end: {first.host}, {second.host}, {first.host}"):
            client.company()


@pytest.mark.parametrize("hops", [1, 5])
def test_a_whole_sync_follows_up_to_five_redirects(tmp_path, hops: int) -> None:
    with walking(tmp_path, redirects=hops) as walk:
        assert walk.here().code == 0
        walk.assert_cloud_matches()


def test_six_redirects_are_too_many(tmp_path) -> None:
    with walking(tmp_path, redirects=6) as walk:
        done = walk.here()
        assert done.code == 1 and "without end" in done.errors[0]
        assert walk.in_cloud() == set()


REGION = "x.microsoftonline.com"


@pytest.mark.parametrize(
    ("cloud", "url", "host"),
    [
        (Cloud.COMMERCIAL, "https://bba800-anchor.microsoftonline.com/provisioningservice.svc", None),
        (Cloud.US_GOVERNMENT, "https://adminwebservice-s1-bn1a.microsoftonline.com/", None),
        (Cloud.US_GOVERNMENT, "https://x.microsoftonline.us/", None),
        (Cloud.CHINA, "https://x.partner.microsoftonline.cn/", None),
        (Cloud.COMMERCIAL, f"https://{REGION}:443/", REGION),
        (Cloud.COMMERCIAL, f"HTTPS://{REGION.upper()}/elsewhere.svc?a=b#c", REGION),
        (Cloud.COMMERCIAL, f"https://{REGION}./", REGION),
        (Cloud.COMMERCIAL, f"https://{REGION}", REGION),
        (Cloud.COMMERCIAL, "https://SYNC.example:8444/", "sync.example:8444"),
        (Cloud.COMMERCIAL, "https://sync.example.:443/", "sync.example"),
    ],
)
def test_the_hosts_of_a_cloud_are_followed_to(cloud: Cloud, url: str, host: str | None) -> None:
    assert onward(cloud, "sync.example:8443", url) == (host or url.split("/")[2])


@pytest.mark.parametrize(
    ("cloud", "url"),
    [
        (Cloud.COMMERCIAL, "https://x.microsoftonline.cn/"),
        (Cloud.COMMERCIAL, "https://x.microsoftonline.us/"),
        (Cloud.CHINA, "https://x.microsoftonline.com/"),
        (Cloud.COMMERCIAL, "https://evilmicrosoftonline.com/"),
        (Cloud.COMMERCIAL, "https://microsoftonline.com.example/"),
        (Cloud.COMMERCIAL, "https://.microsoftonline.com/"),
        (Cloud.COMMERCIAL, "https://x..microsoftonline.com/"),
        (Cloud.COMMERCIAL, f"https://{REGION}@evil.example/"),
        (Cloud.COMMERCIAL, f"https://{REGION}:443@evil.example/"),
        (Cloud.COMMERCIAL, f"https://somebody:word@{REGION}/"),
        (Cloud.COMMERCIAL, f"https://@{REGION}/"),
        (Cloud.COMMERCIAL, "https://somebody@sync.example:8443/"),
        (Cloud.COMMERCIAL, f"http://{REGION}/"),
        (Cloud.COMMERCIAL, "http://sync.example:8443/"),
        (Cloud.COMMERCIAL, f"https://{REGION}:8443/"),
        (Cloud.COMMERCIAL, f"https://{REGION}:99999/"),
        (Cloud.COMMERCIAL, f"https://{REGION}:port/"),
        (Cloud.COMMERCIAL, f"https://evil.example\\.{REGION}/"),
        (Cloud.COMMERCIAL, f"https://evil.example%2f.{REGION}/"),
        (Cloud.COMMERCIAL, f"https://evil.example\uff0f.{REGION}/"),
        (Cloud.COMMERCIAL, f"https://evil.example\u3002{REGION}/"),
        (Cloud.COMMERCIAL, "https://x.m\u0456crosoftonline.com/"),
        (Cloud.COMMERCIAL, f"https://evil.example .{REGION}/"),
        (Cloud.COMMERCIAL, "https://evil.example/.microsoftonline.com"),
        (Cloud.COMMERCIAL, "https://evil.example?.microsoftonline.com"),
        (Cloud.COMMERCIAL, "https://evil.example#.microsoftonline.com"),
        (Cloud.COMMERCIAL, "https://[::1/"),
        (Cloud.COMMERCIAL, "https://sync.example:8443.evil.example/"),
        (Cloud.COMMERCIAL, REGION),
        (Cloud.COMMERCIAL, f"//{REGION}/"),
        (Cloud.COMMERCIAL, ""),
    ],
)
def test_a_token_goes_to_hosts_of_its_own_cloud_only(cloud: Cloud, url: str) -> None:
    assert onward(cloud, "sync.example:8443", url) is None


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), max_size=40))
def test_no_sign_before_the_suffix_leads_to_another_host(prefix: str) -> None:
    """What is followed to is taken by the HTTP client for the host it was judged as."""
    host = onward(Cloud.COMMERCIAL, "sync.example", f"https://{prefix}.microsoftonline.com/")
    if host is not None:
        called = httpx.URL(f"https://{host}{PATH}")
        assert (called.host, called.userinfo, called.path) == (host, b"", PATH)
        assert host.endswith(".microsoftonline.com")


def test_an_address_that_is_none_is_told_and_not_followed(tmp_path) -> None:
    with serving() as service, endpoint(service, tmp_path) as client:
        for host in ("[::1", "x.microsoftonline.com:99999", "somebody@x.microsoftonline.com", "a\u202eb"):
            service.steps.append(to(host))
            with pytest.raises(ServiceRefused, match="no host of the cloud") as caught:
                client.company()
            assert str(caught.value).isprintable()
        assert client.company() == COMPANY


def test_a_circle_is_found_however_its_hosts_are_spelled(tmp_path) -> None:
    with serving() as service:
        again = service.host.replace("127.0.0.1", "LOCALHOST")
        with closing(V2Endpoint(service.target(host=again), service.secrets(tmp_path))) as client:
            service.steps.append(to(f"localhost.:{service.port}"))
            with pytest.raises(ServiceRefused, match="without end: localhost"):
                client.company()
    assert len(service.requests) == 1
