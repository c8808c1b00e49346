"""Hosts and their addresses: what is public, and that a connection goes to the address that was checked."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from rag.errors import InputError
from rag.mirror.network import GuardedTransport, is_public, named_hosts

PRIVATE = (
    "127.0.0.1", "10.0.0.5", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "255.255.255.255",
    "::127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "5f00::1", "::", "ff02::1", "192.88.99.1", "2001::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_no_public_host(address: str) -> None:
    assert not is_public(address)


def test_public_addresses() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert is_public("::ffff:93.184.215.14")


def test_only_numbers_and_localhost_name_themselves() -> None:
    assert named_hosts("http://10.0.0.5:80/") == {"10.0.0.5"}
    assert named_hosts("http://localhost/") == {"localhost"}
    assert named_hosts("http://2130706433/") == named_hosts("http://intranet/") == set()


class Noting(httpx2.BaseTransport):
    """A transport that notes where it would connect."""

    def __init__(self, seen: list[tuple[str, str, Any]]) -> None:
        self._seen = seen

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._seen.append((request.url.host, request.headers["host"], request.extensions.get("sni_hostname")))
        return httpx2.Response(200)


def test_the_connection_is_to_the_address_that_was_checked_and_the_name_is_kept() -> None:
    seen: list[tuple[str, str, Any]] = []
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])  # a name that leads elsewhere when it is asked again
    transport = GuardedTransport((), lambda: Noting(seen), lambda host, port: next(answers))
    with httpx2.Client(transport=transport) as client:
        for _ in range(2):
            assert client.get("https://a.example/x").url == "https://a.example/x"
    assert seen == [("93.184.215.14", "a.example", "a.example")] * 2


@pytest.mark.parametrize("private", ["127.0.0.1", "169.254.169.254"])
def test_a_name_that_also_leads_to_a_private_address_is_refused(private: str) -> None:
    seen: list[tuple[str, str, Any]] = []
    both = ["93.184.215.14", private]
    refusing = GuardedTransport((), lambda: Noting(seen), lambda host, port: both)
    error = pytest.raises(InputError, match=rf"a\.example is at {private}, which .* --allow-host a\.example")
    with httpx2.Client(transport=refusing) as client, error:
        client.get("http://a.example/")
    with httpx2.Client(
        transport=GuardedTransport({"a.example"}, lambda: Noting(seen), lambda host, port: both[1:])
    ) as client:
        assert client.get("http://a.example/").status_code == 200
    assert [host for host, _, _ in seen] == [private]


def test_a_host_that_is_not_known_is_named() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with (
        httpx2.Client(transport=GuardedTransport((), lambda: Noting([]), unknown)) as client,
        pytest.raises(InputError) as error,
    ):
        client.get("http://a.example/")
    assert str(error.value) == "the host 'a.example' is not known: no such host"
