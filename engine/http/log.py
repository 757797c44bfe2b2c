"""What the server's own log leaves out."""

import logging


class WithoutQueries(logging.Filter):
    """Takes the query out of uvicorn's lines: tickets of exports and links stand there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, *rest = record.args
            record.args = (client, method, str(path).partition("?")[0], *rest)
        return True


def hide_queries() -> None:
    logging.getLogger("uvicorn.access").addFilter(WithoutQueries())
