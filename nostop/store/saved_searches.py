"""A caseworker's own searches of the queue, by name."""

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select

from nostop.model import StoreError
from nostop.store.rows import table_of
from nostop.store.tables_casework import SavedSearch

MOST_SAVED = 30
LONGEST_NAME = 60


def save_search(engine: Engine, account_id: str, name: str, query: str, at: datetime) -> None:
    """Keep a search under a name.

    Raises:
        StoreError: the account has one of that name, or as many as it may, or the name cannot be
            used: the message says what to do.
    """
    table = table_of(SavedSearch)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise StoreError(f"Enter a name of 1 to {LONGEST_NAME} characters")
    mine = table.c.account_id == account_id
    with engine.begin() as connection:
        if connection.execute(select(table.c.name).where(mine, table.c.name == name)).first():
            raise StoreError("You have a saved search with this name. Enter another name")
        if connection.execute(select(func.count()).where(mine)).scalar_one() >= MOST_SAVED:
            raise StoreError(f"You can save {MOST_SAVED} searches. Delete one first")
        row = {"account_id": account_id, "name": name, "query": query, "made_at": at}
        connection.execute(insert(table).values(row))


def saved_searches(connection: Connection, account_id: str) -> list[tuple[str, str]]:
    """Return name and query of an account's searches, by name."""
    table = table_of(SavedSearch)
    query = select(table.c.name, table.c.query).where(table.c.account_id == account_id)
    rows = [(name, text) for name, text in connection.execute(query)]
    return sorted(rows, key=lambda row: row[0].casefold())


def delete_search(engine: Engine, account_id: str, name: str) -> bool:
    """Delete a search of an account; return whether there was one."""
    table = table_of(SavedSearch)
    gone = delete(table).where(table.c.account_id == account_id, table.c.name == name)
    with engine.begin() as connection:
        return connection.execute(gone).rowcount > 0
