"""Members by command: python -m engine.workspaces.members (add | list | remove)."""

import argparse
import getpass
import sys
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from engine.database.connect import open_database
from engine.errors import VitrineError
from engine.scope import Identity, Role
from engine.settings import Settings
from engine.workspaces import passwords
from engine.workspaces.people import People

OPERATOR: Final = Identity("", {}, founds=True, name="command")
"""Whoever can run a command over the database is an owner of everything in it."""
ADDRESS: Final = "command"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        database = open_database(Settings.read().database)
        people = People.over(database, lambda: datetime.now(UTC), dict)
        return COMMANDS[options.command](people, database, options)
    except (VitrineError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except (DBAPIError, OSError) as error:
        print(f"The database cannot be reached: {type(error).__name__}", file=sys.stderr)
        return 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m engine.workspaces.members")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="let somebody in; an account is made where there is none")
    add.add_argument("email")
    add.add_argument("--role", default="viewer", choices=[role.value for role in Role])
    add.add_argument("--brand", action="append", help="only this brand; may be given again")
    add.add_argument(
        "--subject", help="who a sign-in provider says they are: the issuer, a space, its sub"
    )
    add.add_argument(
        "--no-password", action="store_true", help="they sign in at a provider, by this e-mail"
    )
    add.add_argument("--name", default="", help="how the person is called")
    remove = commands.add_parser("remove", help="end a membership; the account stays")
    remove.add_argument("email")
    for command in (add, remove, commands.add_parser("list", help="who may do what")):
        command.add_argument("--workspace", required=True, help="as in ws_shop")
    return parser.parse_args(arguments)


def _add(people: People, database: Engine, options: argparse.Namespace) -> int:
    """A new account takes its password from the terminal or, in a pipe, from the first line."""
    role = Role(options.role)
    if people.accounts.find(options.email) is None:
        elsewhere = options.subject or options.no_password
        password = None if elsewhere else _password(options.email)
        with database.begin() as connection:
            people.accounts.add(
                connection,
                options.email,
                name=options.name,
                password=password,
                subject=options.subject,
            )
    added = people.members.add(
        OPERATOR, options.workspace, options.email, role, options.brand, ADDRESS
    )
    print(f"{added.member.email}: {role} of {options.workspace}")
    return 0


def _list(people: People, _: Engine, options: argparse.Namespace) -> int:
    for member in people.members.of(OPERATOR, options.workspace):
        brands = "" if member.brands is None else f" of {', '.join(sorted(member.brands))}"
        ended = ", disabled" if member.disabled else ""
        print(f"{member.email or member.name}: {member.role}{brands}{ended}")
    return 0


def _remove(people: People, _: Engine, options: argparse.Namespace) -> int:
    account = people.accounts.find(options.email)
    known = "" if account is None else account.id
    people.members.remove(OPERATOR, options.workspace, known, ADDRESS)
    print(f"{options.email}: no member of {options.workspace} any more")
    return 0


COMMANDS: Final = {"add": _add, "list": _list, "remove": _remove}


def _password(email: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password of {email}: ")
    passwords.check(password, email)
    if getpass.getpass("Once more: ") != password:
        raise ValueError("The passwords differ; nothing was changed.")
    return password


if __name__ == "__main__":
    sys.exit(main())
