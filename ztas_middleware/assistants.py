"""The Model Context Protocol: questions that an assistant asks, and the answers of the JSON API.

Everything only reads. Parameters and answers are the API's; what an assistant is told of them is
here. It is spoken over standard input and output by the official SDK.
"""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.errors import ZtasError
from ztas_middleware.parameters import ParameterError
from ztas_middleware.reports.answers import display_name
from ztas_middleware.reports.changes import largest_change_of
from ztas_middleware.reports.reader import Reports
from ztas_middleware.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.config.model import Config

    Arguments = Mapping[str, Any]
    Json = dict[str, Any]

PERIODS = "24h, 7d, 30d, 90d, 365d, today, yesterday, month, year or all"

_SITE = {"siteId": {"type": "string", "description": "A site's id, as the tool sites lists them."}}
_PERIOD = {
    "period": {"type": "string", "description": f"{PERIODS}; 7d if it is left out."},
    "startDate": {"type": "string", "description": "The first day, 2026-11-01, with endDate."},
    "endDate": {"type": "string", "description": "The last day, included."},
}
_LIMIT = {
    "limit": {"type": "integer", "description": "How many lines a list has; 10 if left out."},
    "offset": {"type": "integer", "description": "How many lines are passed over."},
}
_COMPARE = {
    "compare": {"type": "string", "description": "previous (usual), year or none."},
    "compareStart": {"type": "string", "description": "Or these days, with compareEnd."},
    "compareEnd": {"type": "string", "description": "The last of them."},
}
_FILTERS = {
    **{
        name: {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": f"Keep what has this {name}: `*` is any text, several are any of them.",
        }
        for name in DIMENSIONS
    },
}
_HOW_TO_FILTER = (
    "Filters are further parameters: page=/a is, page!=/a is not (the key is `page!`), page~=blog "
    "contains (`page~`), prop:NAME is a property, goal and segment are names of the config; an "
    "empty value is `has none`."
)


class Tool(NamedTuple):
    """A question that can be asked."""

    description: str
    parameters: dict[str, Any]
    required: tuple[str, ...]
    answer: Callable[[Reports, str, Mapping[str, list[str]], int], Json]


def _stats(reports: Reports, site: str, asked: Mapping[str, list[str]], now: int) -> Json:
    return reports.stats(reports.question(site, asked, now=now)).to_json()


def _breakdown(reports: Reports, site: str, asked: Mapping[str, list[str]], now: int) -> Json:
    if "format" in asked:
        raise ParameterError("format", "is not a parameter of this question")
    if "metrics" in asked:  # a list is what assistants write first
        asked = {**asked, "metrics": [",".join(asked["metrics"])]}
    return reports.breakdown(reports.breakdown_question(site, asked, now=now)).to_json()


def _journeys(reports: Reports, site: str, asked: Mapping[str, list[str]], now: int) -> Json:
    return reports.journeys(reports.journeys_question(site, asked, now=now)).to_json()


def _realtime(reports: Reports, site: str, asked: Mapping[str, list[str]], now: int) -> Json:
    return reports.realtime(reports.realtime_question(site, asked, now=now)).to_json()


def _compare(reports: Reports, site: str, asked: Mapping[str, list[str]], now: int) -> Json:
    question = reports.question(site, asked, now=now)
    if question.before is None:
        raise ParameterError("compare", "must not be none here")
    found = reports.stats(question)
    change = largest_change_of(reports, question)
    answer = found.to_json()
    kept = ("site", "period", "summary", "previous", "previousSoFar")
    return {
        **{name: answer[name] for name in kept},
        "changedMost": None
        if change is None
        else {
            "list": change.list,
            "name": change.name,
            "uniqueVisitors": change.visitors,
            "before": change.before,
        },
    }


TOOLS: Mapping[str, Tool] = {
    "stats": Tool(
        "The report on a site: visitors, page views, visits, bounce rate, a time series, and the "
        f"first lines of every list (pages, sources, countries, ...). {_HOW_TO_FILTER}",
        {
            **_PERIOD,
            **_COMPARE,
            "interval": {"type": "string", "description": "hour, day, week or month."},
            **_LIMIT,
            **_FILTERS,
        },
        (),
        _stats,
    ),
    "breakdown": Tool(
        "The numbers of a site for each value of one to three keys together, such as page and "
        f"country. {_HOW_TO_FILTER}",
        {
            "by": {
                "type": "array",
                "items": {"type": "string"},
                "description": f"One to three of {', '.join(DIMENSIONS)}, prop:NAME, day, hour, "
                "weekday.",
            },
            "metrics": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Names, in a list or with commas; all if left out.",
            },
            "order": {
                "type": "string",
                "description": "The metric that comes first, largest first.",
            },
            **_PERIOD,
            **_LIMIT,
            **_FILTERS,
        },
        ("by",),
        _breakdown,
    ),
    "journeys": Tool(
        "Which pages come directly before and after a page, or an event (action), in its visits.",
        {
            "page": {"type": "string", "description": "The page's path, or a pattern with `*`."},
            "action": {"type": "string", "description": "Or an event's action."},
            **_PERIOD,
            **_LIMIT,
        },
        (),
        _journeys,
    ),
    "realtime": Tool(
        "A site right now: active visitors, and pages and sources of the last minutes.",
        {"limit": _LIMIT["limit"]},
        (),
        _realtime,
    ),
    "compare": Tool(
        "Two periods of a site held against each other, and what changed most between them. "
        f"{_HOW_TO_FILTER}",
        {**_PERIOD, **_COMPARE, **_FILTERS},
        (),
        _compare,
    ),
}


class Assistants:
    """Answers assistants under one configuration."""

    def __init__(self, config: Config) -> None:
        self._sites = config.sites
        self._reports = Reports(config)

    def tools(self) -> list[types.Tool]:
        """All questions there are, as the protocol describes them."""
        sites = types.Tool(
            name="sites",
            description="The sites that can be asked about: id, domain, timezone.",
            input_schema={"type": "object", "properties": {}, "additionalProperties": False},
            annotations=_READS,
        )
        return [sites, *(_described(name, tool) for name, tool in TOOLS.items())]

    def answer(self, name: str, arguments: Arguments) -> Json:
        """The answer to a call.

        Raises:
            ParameterError: names the argument that can't be understood.
            StorageError: the database can't be read.
        """
        if name == "sites":
            return {
                "sites": [
                    {
                        "id": site.id,
                        "domain": display_name(site),
                        "timezone": str(site.timezone),
                    }
                    for site in self._sites.values()
                ]
            }
        if name not in TOOLS:
            raise ParameterError("name", f"must be one of sites, {', '.join(TOOLS)}")
        asked = {key: _texts(key, value) for key, value in arguments.items() if value is not None}
        site_id = next(iter(asked.pop("siteId", [""])), "")
        if site_id not in self._sites:
            known = ", ".join(self._sites)
            raise ParameterError("siteId", f"must be one of {known}")
        now = time.time_ns() // 1_000_000
        return TOOLS[name].answer(self._reports, site_id, asked, now)

    async def serve(self) -> None:
        """Answer what comes on standard input until it ends."""

        async def list_tools(*_: object) -> types.ListToolsResult:
            return types.ListToolsResult(tools=self.tools())

        async def call_tool(_: object, asked: types.CallToolRequestParams) -> types.CallToolResult:
            work = partial(self.answer, asked.name, asked.arguments or {})
            try:
                # A question takes a moment; pings and other questions are answered meanwhile.
                found = await anyio.to_thread.run_sync(work)
            except ZtasError as error:
                return _result(str(error), None)
            return _result(json.dumps(found, ensure_ascii=False), found)

        server: Server[Any] = Server(
            "ztas", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool
        )
        async with stdio_server() as (received, sent):
            await server.run(received, sent, server.create_initialization_options())


_READS = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)


def _described(name: str, tool: Tool) -> types.Tool:
    schema = {
        "type": "object",
        "properties": {**_SITE, **tool.parameters},
        "required": ["siteId", *tool.required],
    }
    return types.Tool(
        name=name, description=tool.description, input_schema=schema, annotations=_READS
    )


def _result(text: str, found: Json | None) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=found,
        is_error=found is None,
    )


def _texts(name: str, value: object) -> list[str]:
    """An argument as a query has it: texts, whatever JSON they were."""
    values = value if isinstance(value, list) else [value]
    texts = []
    for one in values:
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, int | float):
            texts.append(json.dumps(one))
        else:
            raise ParameterError(name, "must be a text, a number, or a list of them")
    return texts
