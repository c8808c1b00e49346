"""Connections to hosts whose addresses were checked: the connection goes to the very address that was looked at.

A name may stand for a machine of the own network, for this machine or for the service that tells a cloud's secrets, and
may stand for another one a moment later. So a name is resolved once, all of its addresses must be public, and the
connection is made to one of them, while certificates are still checked against the name. Hosts that a person named
count as allowed. Proxies are not used: they would resolve names anew.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any

import httpx2

from rag.errors import InputError

_ALLOCATED = ipaddress.ip_network("2000::/3")  # what IPv6 gives to the internet
_LEADING_TO_IPV4 = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32", "192.88.99.0/24")))
_MAY_BE_PRIVATE = ("localhost",)

Resolve = Callable[[str, int], list[str]]


def named_hosts(address: str) -> set[str]:
    """The host of an address if it says by itself that it is no public one: a number, or `localhost`."""
    host = httpx2.URL(address).host
    return {host} if host in _MAY_BE_PRIVATE or _number(host) else set()


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """True for an address of the internet at large."""
    number = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(str(mapped))
    of_the_internet = number.version == 4 or number in _ALLOCATED
    leads_elsewhere = number.is_multicast or any(number in network for network in _LEADING_TO_IPV4)
    return number.is_global and of_the_internet and not leads_elsewhere


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class GuardedTransport(httpx2.BaseTransport):
    """A transport that connects to no private address but those of hosts that are `allowed`; names are resolved once.
    `inner` makes the transport for one host, so that no connection serves two names."""

    def __init__(self, allowed: Collection[str], inner: Callable[[], Any], resolve: Resolve = resolve_host) -> None:
        self._allowed = frozenset(allowed)
        self._inner = inner
        self._resolve = resolve
        self._transports: dict[tuple[str, int], tuple[str, Any]] = {}

    def handle_request(self, request: Any) -> Any:
        """Send a request to the address that was checked. Raises `InputError` for one that is not public."""
        url = request.url
        key = url.host, url.port or (443 if url.scheme == "https" else 80)
        if key not in self._transports:
            self._transports[key] = self._address(*key), self._inner()
        address, transport = self._transports[key]
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=address)
        try:
            return transport.handle_request(request)
        finally:
            request.url = url

    def _address(self, host: str, port: int) -> str:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as exc:
            raise InputError(f"the host {host[:200]!r} is not known: {exc}") from exc
        if host not in self._allowed and (private := [one for one in addresses if not is_public(one)]):
            raise InputError(
                f"{host} is at {private[0]}, which is not a public address: if it is meant, name it with "
                f"--allow-host {host}"
            )
        return addresses[0]

    def close(self) -> None:
        """Close all connections."""
        for _, transport in self._transports.values():
            transport.close()
