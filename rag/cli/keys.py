"""The command `rag keys`: API keys made, listed and revoked.

In: parsed arguments. Out: text or JSON. A secret is printed once, when its key is made, and kept nowhere.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.state.keys import Key, KeyRing

KEYS_TEXT = "make, list and revoke the API keys of `rag serve`"


def add_arguments(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Add the arguments; returns the parser of each action. The common ones are absent: here `--index`, which may be
    repeated, limits a key."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|revoke")
    once = "make a key and show it, once"
    add = actions.add_parser("add", help=once, description=once, allow_abbrev=False)
    add.add_argument("name", metavar="NAME", help="name of the key: its user or purpose")
    add.add_argument(
        "--scope",
        action="append",
        choices=["read", "write", "admin"],
        help="read: ask, search, read documents; write: upload and remove documents; admin: make indexes, see metrics; "
        "may be repeated, and none contains another (default: read)",
    )
    add.add_argument(
        "--index", action="append", metavar="NAME", help="limit the key to this index; may be repeated (default: all)"
    )
    add.add_argument(
        "--expires",
        metavar="WHEN",
        help="end of the key: 90d, 12h or the last day, such as 2027-01-31 (default: never)",
    )
    revoke = actions.add_parser(
        "revoke", help="end a key, at once", description="end a key, at once", allow_abbrev=False
    )
    revoke.add_argument("key", metavar="KEY", help="name or id of the key")
    without = "list the keys, without their secrets"
    listing = actions.add_parser("list", help=without, description=without, allow_abbrev=False)
    for action in (add, revoke, listing):
        action.add_argument("--indexes-dir", metavar="DIR", help="folder that holds the indexes (default: indexes)")
        action.add_argument("--json", action="store_true", help="print JSON")
    return {"add": add, "revoke": revoke, "list": listing}


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Carry out the action of the options; returns the exit code. Raises `InputError`, `StateUnavailable`."""
    from rag.state.open import closing_state, open_keys

    with closing_state(settings) as state:
        return _run(options, settings, open_keys(settings, state))


def _run(options: argparse.Namespace, settings: Settings, keys: KeyRing) -> int:
    if options.action == "add":
        for name in options.index or ():
            _check_index(settings, name)
        key, secret = keys.add(options.name, options.scope or ["read"], options.index, options.expires)
        print(json.dumps(_json(key) | {"key": secret}) if options.json else f"{secret}\n{_line(key)}\n{_ONCE}")
    elif options.action == "revoke":
        key = keys.revoke(options.key)
        print(json.dumps({"revoked": key.id}) if options.json else f"revoked {key.name} ({key.id})")
    else:
        found = keys.all()
        if options.json:
            print(json.dumps({"keys": [_json(key) for key in found]}))
        for key in [] if options.json else found:
            print(_line(key))
    return 0


_ONCE = "This is the only time that it is shown. Send it as: Authorization: Bearer rag_..."


def _check_index(settings: Settings, name: str) -> None:
    """Refuse a name that no index can have; the index itself may be made after the key."""
    from rag.index.folders import index_folder

    index_folder(settings.indexes_dir, name)


def _line(key: Key) -> str:
    which = "all indexes" if key.indexes is None else f"only {', '.join(key.indexes)}"
    until = f"until {key.expires}" if key.expires else "no expiry"
    gone = " (expired)" if key.expired(datetime.now(UTC)) else ""
    return f"{key.id}  {key.name}  {', '.join(key.scopes)}; {which}; {until}{gone}"


def _json(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "indexes": None if key.indexes is None else list(key.indexes),
        "created": key.created,
        "expires": key.expires,
    }
