"""What a run prints on the console: one line an event, without stack traces; the pages of the UI have those."""

import copy
import logging

import dagster as dg

from hrtem_assets.orchestration.dagster_internals import LOG_RECORD_EVENT_ATTR, LOG_RECORD_METADATA_ATTR
from hrtem_assets.orchestration.interrupts import is_interruption


class _OneLine(logging.Formatter):
    """Formats as another formatter does, without what Dagster appends to the message of a failure."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        # others handle the same record
        short = copy.copy(record)
        short.msg, short.args = record.getMessage().partition("\n\n")[0], ()
        short.exc_info = short.exc_text = short.stack_info = None
        return self._inner.format(short)


def _is_no_interruption(record: logging.LogRecord) -> bool:
    """The command says that itself."""
    event = getattr(record, LOG_RECORD_METADATA_ATTR, {}).get(LOG_RECORD_EVENT_ATTR)
    return event is None or not is_interruption(event)


@dg.logger(
    config_schema={
        "log_level": dg.Field(str, default_value="INFO"),
        "name": dg.Field(str, default_value="dagster"),
    }
)
def console(context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's own coloured logger; a failure is one line."""
    logger: logging.Logger = dg.colored_console_logger.logger_fn(context)
    for handler in logger.handlers:
        handler.addFilter(_is_no_interruption)
        handler.setFormatter(_OneLine(handler.formatter or logging.Formatter()))
    return logger
