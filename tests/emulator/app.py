# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a program: command line, TLS, ready file, and a clean end on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web

from emulator.cloud import Cloud
from emulator.control import seed
from emulator.control.replay import RecordingError
from emulator.dispatch import CLOUD_KEY, serve
from emulator.entra.principals import Principals

_NAMES = ("127.0.0.1", "localhost")
# Seeds with thousands of servers are larger than the web library's 1 MiB.
_LARGEST_REQUEST = 64 * 2**20


def main() -> int:
    """Run until SIGTERM or SIGINT and return the exit status: 2 for a seed or a recording that cannot be used."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        document = seed.load(arguments.seed.read_text(encoding="utf-8")) if arguments.seed else seed.DEFAULT_SEED
        recording = arguments.replay.read_text(encoding="utf-8") if arguments.replay else ""
        asyncio.run(_run(arguments, document, recording))
    except (seed.SeedError, RecordingError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on, 0 for a free one")
    parser.add_argument("--seed", type=Path, help="YAML or JSON file with the state to start from")
    parser.add_argument("--replay", type=Path, help="recording of the real service to answer from")
    parser.add_argument("--ready-file", type=Path, help="where to write how to reach the emulator")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, document: dict[str, Any], recording: str) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    # Inside the loop: a second signal must not end the process before the folder is removed.
    with tempfile.TemporaryDirectory(prefix="pgflex-emulator-") as folder:
        await _serve_until(stopped, arguments, Cloud(Principals(Path(folder), trustme.CA()), document, recording))


async def _serve_until(stopped: asyncio.Event, arguments: argparse.Namespace, cloud: Cloud) -> None:
    runner = web.AppRunner(_application(cloud), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(
            runner, arguments.host, arguments.port, ssl_context=_tls(cloud.principals.ca, arguments.host)
        )
        await site.start()
        port = runner.addresses[0][1]
        _tell(cloud, f"https://{arguments.host}:{port}", arguments.ready_file)
        await stopped.wait()
    finally:
        await runner.cleanup()


def _application(cloud: Cloud) -> web.Application:
    application = web.Application(client_max_size=_LARGEST_REQUEST)
    application[CLOUD_KEY] = cloud
    application.router.add_route("*", "/{path:.*}", serve)
    return application


def _tls(ca: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*dict.fromkeys((*_NAMES, host))).configure_cert(context)
    return context


def _tell(cloud: Cloud, arm: str, ready_file: Path | None) -> None:
    ready = {
        "arm": arm,
        "subscription_ids": [each.id for each in cloud.world.subscriptions.values()],
        "identity_endpoint": f"{arm}/msi/token",
        **cloud.principals.ready(),
    }
    line = json.dumps(ready)
    if ready_file is not None:
        # Renamed into place: who waits for the file never reads half of it.
        partial = ready_file.with_name(f"{ready_file.name}.partial")
        partial.touch(mode=0o600)
        partial.write_text(line + "\n", encoding="utf-8")
        partial.replace(ready_file)
    print(line, flush=True)
