"""The log of `rag serve`: lines for people, or a JSON object a line for programs that collect logs.

In: records of this package and of uvicorn. Out: standard error. A record's own fields come in `extra={"fields": ...}`;
every line that is logged while a request is served has its id.
"""

from __future__ import annotations

import copy
import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

from uvicorn.config import LOGGING_CONFIG

from api.observing.notes import request_id

LogFormat = Literal["text", "json"]


def log_config(shape: LogFormat) -> dict[str, Any]:
    """Configuration for `logging.config.dictConfig`: uvicorn's own, with this package's messages in the same form and
    place."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["api"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    if shape == "json":
        config["formatters"]["default"] = {"()": "api.observing.logs.JsonLines"}
    return config


class JsonLines(logging.Formatter):
    """Formatter of lines {"time", "level", "logger", "message" or the record's fields, "request_id"?, "traceback"?}."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object on one line; `time` is in UTC."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "logger": record.name}
        fields = getattr(record, "fields", None)
        line |= fields if fields is not None else {"message": record.getMessage()}
        if (id := request_id()) is not None:
            line["request_id"] = id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)
