"""Every error a person can meet in the capture server: a stable code, a sentence, and the remedy."""

from __future__ import annotations

from typing import ClassVar


class CaptureError(Exception):
    """Something went wrong that a person can act on. `str(error)` says what, `error.remedy` what to do."""

    code: ClassVar[str] = "capture"
    exit_code: ClassVar[int] = 1
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = self.default_remedy if remedy is None else remedy


# What was asked for cannot be done as it was asked: exit code 2.


class CaptureUsageError(CaptureError):
    """What was asked for cannot be done as it was asked. Nothing was changed."""

    code = "capture_usage"
    exit_code = 2


class MessageMissing(CaptureUsageError):
    """There is no captured message of that number; it may have been deleted."""

    code = "message_missing"
    default_remedy = "List what was captured, and use one of those numbers."


class AttachmentMissing(CaptureUsageError):
    """The message has no attachment of that number."""

    code = "attachment_missing"
    default_remedy = "Show the message; its attachments are numbered from 0."


class TargetExists(CaptureUsageError):
    """A file of that name exists already, and is never overwritten."""

    code = "target_exists"
    default_remedy = "Choose another name, or move the file that is there."


class TargetUnwritable(CaptureError):
    """The file or folder to write to can't be written."""

    code = "target_unwritable"
    default_remedy = "Choose a folder that this account may write to, on a disk with free space."


# The store: exit code 1.


class StoreError(CaptureError):
    """The capture store can't be opened, read or written."""

    code = "store"
    default_remedy = "Check the path of the capture store and the disk that it lies on."


class StoreMissing(StoreError):
    """There is no capture store at that place."""

    code = "store_missing"
    default_remedy = "Check the path, or start a capture server there first."


class StoreForeign(StoreError):
    """The file is not a capture store, or is damaged. Nothing was changed."""

    code = "store_foreign"
    default_remedy = "Choose another file; a new one is created where there is none."


class StoreNewer(StoreError):
    """A newer version wrote this capture store. Nothing was changed."""

    code = "store_newer"
    default_remedy = "Install the newest gatepost, or choose another file."


class StoreLocked(StoreError):
    """Another program holds the store's write lock, and did not let go in time. Nothing was changed."""

    code = "store_locked"
    default_remedy = "Close the program that holds it, or try again."


class StoreReadOnly(StoreError):
    """The store's file or its folder can't be written."""

    code = "store_read_only"
    default_remedy = "Give this account write access to the file and its folder."


class StoreFull(StoreError):
    """The disk is full, or the store has reached the size it was given. The message was not accepted."""

    code = "store_full"
    default_remedy = "Free some space, clear the store, or give it a greater size."


class StoreClosed(StoreError):
    """The store was closed before this was asked of it."""

    code = "store_closed"
    default_remedy = "Open the store again."


# The server: exit code 1, or 2 where the request itself is refused.


class ServerError(CaptureError):
    """The capture server can't be started."""

    code = "server"


class RemoteRefused(CaptureUsageError):
    """A capture server accepts mail from anybody who reaches it, so it listens on this machine only."""

    code = "remote_refused"
    default_remedy = "Use 127.0.0.1, or allow remote clients explicitly if the network is yours."


class SettingsInvalid(CaptureUsageError):
    """The server's settings contradict each other, or hold what they must not."""

    code = "settings_invalid"


class PortInUse(ServerError):
    """Another program listens on that port already."""

    code = "port_in_use"
    default_remedy = "Choose another port (0 takes any free one), or stop the program that holds it."


class AddressUnavailable(ServerError):
    """The address or port can't be listened on."""

    code = "address_unavailable"
    default_remedy = "Check the address, and use a port above 1023 unless you are allowed lower ones."
