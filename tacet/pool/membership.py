"""`tacet pool init, invite, join, members, revoke`: who belongs to the pool."""

import argparse
import contextlib
import getpass
import json
import re
import sys

from cryptography.hazmat.primitives.asymmetric import ec

from app.addresses import names_of_box
from app.authority import key_pem
from app.durable import make_private_folder
from app.pool.authority import PoolAuthority
from app.pool.code import Code
from app.pool.errors import PoolError
from app.pool.joining import Invitation
from app.pool.joining import join as redeem
from app.pool.membership import (
    KEY_FILE,
    REVOKED_FILE,
    Membership,
    Place,
    Role,
    keep,
)
from tacet.pool.near import near

AUTHORITY_DIR, SCHEDULER_DIR = "authority", "scheduler"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def init(args: argparse.Namespace) -> int:
    """Make the authority, and the scheduler its first member."""
    _check_name(args.pool)
    make_private_folder(args.folder)
    authority = PoolAuthority.create(args.folder / AUTHORITY_DIR, args.pool)
    key = ec.generate_private_key(ec.SECP256R1())
    files = {KEY_FILE: key_pem(key), **authority.files_for(key.public_key(), args.pool, Role.SCHEDULER)}
    place = Place(args.pool, "localhost", args.door_port, args.scheduler_port)
    Membership(args.folder / SCHEDULER_DIR).keep(files, place)
    print(f"The pool {args.pool} is made. Next, on this machine: tacet pool invite WORKER --as worker")
    return 0


def invite(args: argparse.Namespace) -> int:
    """Show a code and wait for who redeems it."""
    _check_name(args.name)
    authority = PoolAuthority(args.folder / AUTHORITY_DIR)
    authority.refuse_taken(args.name)
    scheduler = Membership(args.folder / SCHEDULER_DIR)
    invitation = Invitation(authority, scheduler, args.name, Role(args.role), (args.listen, args.port))
    with contextlib.closing(invitation):
        box = args.role == "box"
        where = "" if box else " --folder /var/lib/tacet-pool/worker"
        addresses = " or ".join(map(str, names_of_box(args.name).addresses)) or "this machine's address"
        port = "" if args.port == invitation.port else f" --port {invitation.port}"
        print(f"On {args.name}, within {args.minutes} minutes: tacet pool join HOST{where}{port}")
        if box and not port:
            print("A box made from the image: HOST as address, and the code, into [pool] of its tacet.toml; start it.")
        print(f"HOST: {addresses}\nCode: {invitation.code.written()}", flush=True)
        invitation.wait(args.minutes * 60)
    print(f"{args.name} is a {args.role} of the pool now.")
    return 0


def join(args: argparse.Namespace) -> int:
    """Ask for the code and redeem it."""
    if args.host is None:
        raise PoolError(f"Name the scheduler's machine: tacet pool join HOST. {near()}")
    written = getpass.getpass("Code: ") if sys.stdin.isatty() else sys.stdin.readline()
    place = redeem(args.folder, args.host, Code.read(written), args.port)
    print(f"This machine is {Membership(args.folder).name()} of the pool {place.pool}.")
    return 0


def members(args: argparse.Namespace) -> int:
    found = PoolAuthority(args.folder / AUTHORITY_DIR).members
    if args.json:
        print(json.dumps([{"name": one.name, "role": one.role, "revoked": one.revoked} for one in found]))
        return 0
    for one in found:
        print(f"{one.name:<40} {one.role:<10} {'revoked' if one.revoked else 'in'}")
    return 0


def revoke(args: argparse.Namespace) -> int:
    """Enter it into the list, and hand the list to the scheduler."""
    authority = PoolAuthority(args.folder / AUTHORITY_DIR)
    authority.revoke(args.name)
    keep(args.folder / SCHEDULER_DIR / REVOKED_FILE, authority.revoked_pem)
    print(f"{args.name} is let in no longer.")
    return 0


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise PoolError(f"{name!r} is no name: use small letters, digits and dashes, at most 40, like room-3.")
