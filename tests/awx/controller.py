# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller for awx.awx to talk to: it keeps objects, finds them by name, and refuses what AWX refuses."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from awx.rules import Refused, accepted, check_credential_type, check_survey

if TYPE_CHECKING:
    from collections.abc import Iterator

Object = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
TOKEN = "token-of-the-controller"  # noqa: S105
MANAGED = ("Microsoft Azure Resource Manager",)
APPROVALS = "workflow_approval_templates"
#: The collections that can be started, with the type that their members have for a workflow or a schedule.
STARTABLE = {
    "job_templates": "job_template",
    "projects": "project",
    "inventory_sources": "inventory_source",
    "workflow_job_templates": "workflow_job_template",
    APPROVALS: "workflow_approval",
}
#: Where the number in a field leads to.
LINKS = {
    "organization": "organizations",
    "credential": "credentials",
    "credential_type": "credential_types",
    "execution_environment": "execution_environments",
    "default_environment": "execution_environments",
    "project": "projects",
    "source_project": "projects",
    "inventory": "inventories",
    "workflow_job_template": "workflow_job_templates",
}
#: What a node of a workflow may set, and what the job template must ask for then.
PROMPTS = {
    "job_type": "ask_job_type_on_launch",
    "limit": "ask_limit_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "inventory": "ask_inventory_on_launch",
}
#: In this order a node of a workflow lists what comes after it.
NODE_LINKS = ("success_nodes", "failure_nodes", "always_nodes")
#: The secrets of AWX's own credential type; those of the others are marked in them.
SECRETS = ("secret", "password")
HIDDEN = "$encrypted$"
_RULE = re.compile(r"DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=\w+;INTERVAL=\d+(;\w+=[\w,]+)*")


class Controller:
    """Objects by collection and number, as the API shows them, and `links`: lists of numbers by URL.

    `api` is where it answers, and nowhere else: behind a gateway of Ansible Automation Platform at another place.
    """

    def __init__(self, api: str = "/api/v2/") -> None:
        self.api = api
        self.objects: dict[str, dict[int, Object]] = {}
        self.links: dict[str, list[int]] = {}
        self.last = 0
        #: The repository of the project.
        self.repository = ROOT
        self.create("organizations", {"name": "Default"})
        for name in MANAGED:
            self.add("credential_types", {"name": name, "managed": True})

    def add(self, collection: str, fields: Object) -> Object:
        """Keep an object as it is."""
        self.last += 1
        number = self.last
        url = f"{self.api}{collection}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/"} if collection.endswith("job_templates") else {}
        read_only = {"id": number, "url": url, "related": related, "summary_fields": {}, "scm_revision": "abc"}
        item = {"type": STARTABLE.get(collection, collection[:-1]), **fields, **read_only}
        self.objects.setdefault(collection, {})[number] = item
        return item

    def create(self, collection: str, fields: Object) -> Object:
        """Carry out a POST, and return what it makes. Raise `Refused`."""
        self.check(collection, fields)
        item = self.add(collection, fields)
        if fields.get("kind") == "constructed" and collection == "inventories":
            name = f"Auto-created source for: {fields['name']}"
            self.add("inventory_sources", {"name": name, "inventory": item["id"], "source": "constructed"})
        return item

    def check(self, collection: str, fields: Object) -> None:
        """Raise `Refused` for fields that AWX would not take."""
        for name, target in LINKS.items():
            if fields.get(name) is not None and fields[name] not in self.objects.get(target, {}):
                raise Refused(f"{name}: {fields[name]} does not exist")
        if collection == "credential_types":
            check_credential_type(fields)
        elif collection == "job_templates" and not (self.repository / fields["playbook"]).is_file():
            raise Refused(f"Playbook {fields['playbook']} not found for project")
        elif fields.get("source") == "scm" and not (self.repository / fields["source_path"]).is_file():
            raise Refused(f"There is no {fields['source_path']}")
        elif collection == "workflow_job_template_nodes":
            self._check_node(fields)
        elif collection == "schedules":
            if not _RULE.fullmatch(fields["rrule"]):
                raise Refused(f"rrule {fields['rrule']!r}")
            accepted(self.startable(fields["unified_job_template"]), fields["extra_data"])

    def _check_node(self, fields: Object) -> None:
        if "unified_job_template" not in fields:
            return
        template = self.startable(fields["unified_job_template"])
        for name, ask in PROMPTS.items():
            if fields.get(name) is not None and not template.get(ask):
                raise Refused(f"{name}: Field is not configured to prompt on launch.")
        accepted(template, fields.get("extra_data", {}))

    def startable(self, number: int) -> Object:
        """Return a job template, project, source, workflow or approval by its number."""
        return next(self.objects[each][number] for each in STARTABLE if number in self.objects.get(each, {}))

    def find(self, collection: str, query: Object) -> list[Object]:
        """Return the objects whose fields are as the query says."""
        # AWX lists everything that can be started but approvals.
        names = list(STARTABLE)[:-1] if collection == "unified_job_templates" else [collection]
        found = [item for name in names for item in self.objects.get(name, {}).values()]
        return [item for item in found if all(_same(self._value(item, name), value) for name, value in query.items())]

    def _value(self, item: Object, name: str) -> Any:
        """Return the value of a field, or by way of its link that of another object: `inventory__name`."""
        first, _query, rest = name.partition("__")
        if not rest:
            return item.get(name)
        return self._value(self.objects[LINKS[first]][item[first]], rest) if first in item else None

    def remove(self, collection: str, number: int) -> None:
        """Delete an object, every link from and to it, and the approval that a node of a workflow has made."""
        item = self.objects[collection].pop(number)
        for url in [each for each in self.links if each.startswith(item["url"])]:
            del self.links[url]
        for linked in self.links.values():
            linked[:] = [each for each in linked if each != number]
        approval = item.get("unified_job_template")
        if approval in self.objects.get(APPROVALS, {}):
            self.remove(APPROVALS, approval)

    def shown(self, collection: str, item: Object) -> Object:
        """Return an object as a GET shows it: without secrets, a node with what comes after it."""
        if collection == "workflow_job_template_nodes":
            starts = self.startable(item["unified_job_template"]) if "unified_job_template" in item else {}
            names = ("id", "name", "description", *(["timeout"] if starts.get("type") == "workflow_approval" else []))
            summary = {"unified_job_template": {name: starts[name] for name in names}} if starts else {}
            links = {name: self.links.get(f"{item['url']}{name}/", []) for name in NODE_LINKS}
            empty: Object = {"limit": None, "job_type": None, "extra_data": {}}
            return {**empty, **item, **links, "summary_fields": summary}
        if collection != "credentials":
            return item
        fields = self.objects["credential_types"][item["credential_type"]].get("inputs", {}).get("fields", [])
        secrets = {*SECRETS, *(field["id"] for field in fields if field.get("secret"))}
        inputs = {name: HIDDEN if name in secrets else value for name, value in item.get("inputs", {}).items()}
        return {**item, "inputs": inputs}

    def change(self, collection: str, number: int, fields: Object) -> None:
        """Carry out a PATCH. Raise `Refused`."""
        item = self.objects[collection][number]
        self.check(collection, {**item, **fields})
        if "inputs" in fields and collection == "credentials":
            held = item.get("inputs", {})
            kept = {name: held.get(name) if value == HIDDEN else value for name, value in fields["inputs"].items()}
            fields = {**fields, "inputs": kept}
        item.update({name: value for name, value in fields.items() if collection != APPROVALS or name in item})

    def named(self, collection: str, name: str) -> Object:
        """Return the one object of this name."""
        [item] = self.find(collection, {"name": name})
        return item


def _same(held: Any, asked: str) -> bool:
    # The organization of a job template is that of its project.
    return held is None or str(held) == asked


class _Handler(BaseHTTPRequestHandler):
    controller: Controller

    def log_message(self, *_arguments: Any) -> None:
        """Be quiet."""

    def answer(self, status: int, document: Any = None) -> None:
        """Send a document as JSON."""
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def serve(self) -> None:
        """Answer any request."""
        url = urlsplit(self.path)
        if not url.path.startswith(self.controller.api):
            self.answer(404, {"detail": "Not found."})
            return
        collection, *rest = url.path.removeprefix(self.controller.api).strip("/").split("/")
        length = int(self.headers.get("Content-Length") or 0)
        fields = json.loads(self.rfile.read(length)) if length else {}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"detail": "Authentication credentials were not provided."})
            return
        try:
            if not rest:
                self.serve_collection(collection, dict(parse_qsl(url.query, keep_blank_values=True)), fields)
            elif len(rest) == 1:
                self.serve_item(collection, int(rest[0]), fields)
            else:
                self.serve_part(self.controller.objects[collection][int(rest[0])], rest[1], fields)
        except Refused as refused:
            self.answer(400, {"error": str(refused)})

    do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815

    def serve_collection(self, collection: str, query: Object, fields: Object) -> None:
        """List or create."""
        if self.command == "GET":
            found = [self.controller.shown(collection, each) for each in self.controller.find(collection, query)]
            self.answer(200, {"count": len(found), "next": None, "results": found})
        else:
            self.answer(201, self.controller.shown(collection, self.controller.create(collection, fields)))

    def serve_item(self, collection: str, number: int, fields: Object) -> None:
        """Show, change or delete."""
        if self.command == "DELETE":
            self.controller.remove(collection, number)
            self.answer(204)
            return
        if self.command == "PATCH":
            self.controller.change(collection, number, fields)
        self.answer(200, self.controller.shown(collection, self.controller.objects[collection][number]))

    def serve_part(self, item: Object, part: str, fields: Object) -> None:
        """Serve a survey, an approval, or what an object is associated with."""
        if part == "survey_spec":
            if self.command == "POST":
                check_survey(fields)
                item["survey_spec"] = fields
            self.answer(200, item.get("survey_spec", {}))
        elif part == "create_approval_template":
            known = {name: value for name, value in fields.items() if name in ("name", "description", "timeout")}
            approval = self.controller.add(APPROVALS, known)
            item["unified_job_template"] = approval["id"]
            item["related"]["unified_job_template"] = approval["url"]
            self.answer(201, approval)
        else:
            linked = self.controller.links.setdefault(f"{item['url']}{part}/", [])
            if self.command == "POST":
                if fields.get("disassociate"):
                    linked.remove(fields["id"])
                else:
                    linked.append(fields["id"])
                self.answer(204)
            else:
                self.answer(200, {"count": len(linked), "next": None, "results": [{"id": each} for each in linked]})


@contextmanager
def serving(controller: Controller) -> Iterator[str]:
    """Serve the controller, and yield its URL."""
    handler = type("Handler", (_Handler,), {"controller": controller})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
