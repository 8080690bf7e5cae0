"""Every error a person can meet in core: a stable code, a sentence, and the remedy.

Exit codes, log rows and screens derive from these classes; nothing parses their text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class GatepostError(Exception):
    """Something went wrong that a person can act on. `str(error)` says what, `error.remedy` what to do."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = self.default_remedy if remedy is None else remedy


# What was asked for is not possible as it was asked: exit code 2.


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one field of a form, a command or a request."""

    field: str
    message: str
    remedy: str = ""


class UsageError(GatepostError):
    """What was asked for cannot be done as it was asked."""

    code = "usage"
    exit_code = 2


class InvalidInput(UsageError):
    """One or more fields hold what they must not. Nothing was changed."""

    code = "invalid_input"

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(
            "; ".join(f"{problem.field}: {problem.message}" for problem in problems),
            remedy=" ".join(problem.remedy for problem in problems if problem.remedy),
        )
        self.problems = problems


class NotFound(UsageError):
    """No such row is visible to this user. A row of another user is as absent as one that never was."""

    code = "not_found"
    default_remedy = "List what there is; names and the first characters of an id both work."


class Conflict(UsageError):
    """A row of that name or pair exists already. Nothing was changed."""

    code = "conflict"
    default_remedy = "Choose another name, or edit the row that is there."


class WrongState(UsageError):
    """The row is not in a state that allows this (archived, revoked, already sent). Nothing was changed."""

    code = "wrong_state"


# The workspace itself: exit code 1.


class WorkspaceError(GatepostError):
    """The workspace can't be opened, read or written."""

    code = "workspace"


class DatabaseMissing(WorkspaceError):
    """There is no database at that place."""

    code = "database_missing"
    default_remedy = "Check the path, or run `gatepost` without --database to create your own workspace."


class DatabaseUnavailable(WorkspaceError):
    """The database server does not answer, or refuses us."""

    code = "database_unavailable"
    default_remedy = "Check that the server runs and that host, port, database, user and password are right."


class DatabaseLocked(WorkspaceError):
    """Another program holds the database's write lock, and did not let go in time."""

    code = "database_locked"
    default_remedy = "Close the program that holds it, or try again; nothing was changed."


class DatabaseReadOnly(WorkspaceError):
    """The database file or its folder can't be written."""

    code = "database_read_only"
    default_remedy = "Give this account write access to the file and its folder."


class DatabaseNewer(WorkspaceError):
    """A newer Gatepost wrote this database. Nothing was changed."""

    code = "database_newer"
    default_remedy = "Install the newest gatepost, or open another workspace with --database."


class DatabaseForeign(WorkspaceError):
    """The file or schema is not a Gatepost workspace, or is damaged. Nothing was changed."""

    code = "database_foreign"
    default_remedy = "Point --database at a Gatepost workspace, or restore it from a backup."


class DiskFull(WorkspaceError):
    """The disk is full, so nothing could be recorded; and what can't be recorded is not sent."""

    code = "disk_full"
    default_remedy = "Free some space on the disk that holds the workspace; nothing was sent."


class DriverMissing(WorkspaceError):
    """The database driver that this URL needs is not installed."""

    code = "driver_missing"
    default_remedy = "Install it with: pip install 'gatepost[postgres]'"


class UnknownUser(WorkspaceError):
    """No user of that name exists in this workspace, or several do and none was named."""

    code = "unknown_user"
    default_remedy = "Name one with --user EMAIL or GATEPOST_USER."


# The vault: exit code 1.


class VaultError(GatepostError):
    """A secret can't be sealed or opened."""

    code = "vault"


class MasterKeyMissing(VaultError):
    """Secrets exist, but the key that opens them does not. No new key was made."""

    code = "master_key_missing"
    default_remedy = (
        "Put the key file back from your backup, or name it with --key-file or GATEPOST_KEY_FILE."
    )


class MasterKeyWrong(VaultError):
    """The key is not the one that this workspace's secrets were sealed with. Nothing was changed."""

    code = "master_key_wrong"
    default_remedy = (
        "Use the key file that belongs to this workspace (--key-file or GATEPOST_KEY_FILE names another)."
    )


class MasterKeyUnsafe(VaultError):
    """The key file is readable by others, a link, or not a key. It was not used."""

    code = "master_key_unsafe"
    default_remedy = "Make it a regular file that only you can read: chmod 600 FILE."


class SecretUnreadable(VaultError):
    """The stored secret does not open here: it was altered, moved to another row or user, or destroyed."""

    code = "secret_unreadable"
    default_remedy = "Enter the password again in the configuration."


# The wire: what a mail server or the way to it did. Exit code 1, except where the outcome is unknown.


class TransportError(GatepostError):
    """A mail server, or the way to it, did not do what was needed."""

    code = "transport"


class HostUnknown(TransportError):
    """The host name does not resolve to an address."""

    code = "host_unknown"
    default_remedy = "Check the spelling of the host, and that this machine can resolve names."


class ConnectionRefused(TransportError):
    """The host refuses connections on that port, or cannot be reached."""

    code = "connection_refused"
    default_remedy = "Check host and port: 587 for STARTTLS, 465 for implicit TLS."


class ServerTimeout(TransportError):
    """The server did not answer in time."""

    code = "timeout"
    default_remedy = "Check host, port and security; raise the timeout if the server is known to be slow."


class ServerDisconnected(TransportError):
    """The server closed the connection in the middle of the dialogue."""

    code = "disconnected"
    default_remedy = "Try again later; ask the server's operator if it keeps happening."


class ServerProtocolError(TransportError):
    """What answered does not speak SMTP as the standard has it."""

    code = "protocol"
    default_remedy = "Check the port, and whether it expects implicit TLS (465) or STARTTLS (587)."


class TlsFailed(TransportError):
    """TLS could not be established, or the certificate is not to be trusted. Nothing was sent."""

    code = "tls"
    default_remedy = (
        "Correct the host name or the certificate; a private authority can be given in the configuration."
    )


class StartTlsMissing(TlsFailed):
    """The server does not offer STARTTLS, so the password would have gone out in clear. It was not sent."""

    code = "starttls_missing"
    default_remedy = "Use implicit TLS (port 465), or a server that offers STARTTLS."


class PlaintextRefused(TransportError):
    """Mail without TLS leaves only to this machine itself."""

    code = "plaintext_refused"
    default_remedy = "Choose STARTTLS or implicit TLS; plaintext is for loopback addresses only."


class AuthenticationFailed(TransportError):
    """The server refused the user name or password, or offers no mechanism that we can use."""

    code = "authentication"
    default_remedy = "Check user name and password; many providers want an app password here."


class ServerRejected(TransportError):
    """The server refused the sender, every recipient or the message for good (5xx)."""

    code = "rejected"
    default_remedy = "Read the server's reply; it says what it did not like."


class ServerDeferred(TransportError):
    """The server refused for now (4xx)."""

    code = "deferred"
    default_remedy = "Try again later."


class NoLongerAllowed(TransportError):
    """Agent, configuration or grant were paused, archived or revoked while the mail waited. It was not sent."""

    code = "no_longer_allowed"
    default_remedy = "Resume or grant again, then send the mail anew."


class PasswordUnavailable(TransportError):
    """The password can't be opened, so the mail was not sent."""

    code = "password_unavailable"


class NotRecorded(TransportError):
    """The start of the transfer could not be recorded, so the mail was not sent."""

    code = "not_recorded"


class OutcomeUnknown(TransportError):
    """The connection ended after the message was handed over and before the answer: it may have been sent."""

    code = "outcome_unknown"
    exit_code = 5
    default_remedy = "Look at the recipient's or the server's side before you send it again."
