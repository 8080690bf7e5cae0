"""The capture server: takes mail instead of the world, keeps it, and shows it. Useful alone.

with CaptureStore.open(":memory:") as store:
    async with CaptureServer(store) as server:
        ...  # send mail to server.host, server.port
    newest = store.list(limit=1)[0]
    view = parse_view(store.raw(newest.id))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev_server.attachments import attachment_content, safe_filename, save_attachment
from dev_server.errors import (
    AddressUnavailable,
    AttachmentMissing,
    CaptureError,
    CaptureUsageError,
    MessageMissing,
    PortInUse,
    RemoteRefused,
    ServerError,
    SettingsInvalid,
    StoreClosed,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
    TargetExists,
    TargetUnwritable,
)
from dev_server.export import export_eml, export_folder, export_json, export_mbox, summary
from dev_server.message import Arrival, CapturedMessage
from dev_server.settings import Logins, ServerSettings
from dev_server.store import CaptureStore
from dev_server.view import AttachmentView, MessageView, PartView, parse_view

if TYPE_CHECKING:
    from dev_server.server import CaptureServer

__all__ = [
    "AddressUnavailable",
    "Arrival",
    "AttachmentMissing",
    "AttachmentView",
    "CaptureError",
    "CaptureServer",
    "CaptureStore",
    "CaptureUsageError",
    "CapturedMessage",
    "Logins",
    "MessageMissing",
    "MessageView",
    "PartView",
    "PortInUse",
    "RemoteRefused",
    "ServerError",
    "ServerSettings",
    "SettingsInvalid",
    "StoreClosed",
    "StoreError",
    "StoreForeign",
    "StoreFull",
    "StoreLocked",
    "StoreMissing",
    "StoreNewer",
    "StoreReadOnly",
    "TargetExists",
    "TargetUnwritable",
    "attachment_content",
    "export_eml",
    "export_folder",
    "export_json",
    "export_mbox",
    "parse_view",
    "safe_filename",
    "save_attachment",
    "summary",
]


def __getattr__(name: str) -> object:
    # The server brings aiosmtpd and the certificate's cryptography; who only reads a store does not wait for them.
    if name == "CaptureServer":
        from dev_server.server import CaptureServer

        return CaptureServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
