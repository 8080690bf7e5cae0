"""Mail providers as the configuration form offers them: host, port, security and the one thing to know.

Sources are the providers' own help pages, by title: Gmail "Add Gmail to another email client" and "Sign in
with app passwords"; Microsoft "Enable or disable authenticated client SMTP submission" and "Deprecation of
Basic authentication in Exchange Online"; Yahoo "IMAP server settings"; Apple "iCloud Mail server settings";
Zoho "SMTP server configuration"; Proton "IMAP, SMTP, and POP3 setup"; AWS "Connecting to an Amazon SES SMTP
endpoint"; Twilio "Integrating with the SMTP API"; Mailjet "SMTP relay"; SMTP.com "SMTP settings"; Postmark
"Send email with SMTP"; Mailgun "SMTP relay".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.values.configuration import AuthMechanism, Security


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What choosing a provider fills in. `note` is shown beneath the choice."""

    id: str
    title: str
    host: str
    port: int
    security: Security
    note: str
    auth_mechanism: AuthMechanism = AuthMechanism.AUTO
    username: str = ""  # where the provider prescribes it


CUSTOM: Final = Preset(
    id="custom",
    title="Another server",
    host="",
    port=587,
    security=Security.STARTTLS,
    note="Your administrator knows host, port and security.",
)

CAPTURE: Final = Preset(
    id="capture",
    title="Local capture server",
    host="127.0.0.1",
    port=1025,
    security=Security.PLAINTEXT,
    auth_mechanism=AuthMechanism.NONE,
    note="Takes every mail and sends none. Start it with: gatepost capture serve",
)

PRESETS: Final = (
    CUSTOM,
    CAPTURE,
    Preset(
        id="gmail",
        title="Gmail",
        host="smtp.gmail.com",
        port=587,
        security=Security.STARTTLS,
        note="Needs an app password (Google account, Security, 2-Step Verification), not your own.",
    ),
    Preset(
        id="outlook",
        title="Outlook, Microsoft 365",
        host="smtp.office365.com",
        port=587,
        security=Security.STARTTLS,
        note="Microsoft is ending passwords here: works only where an administrator still allows SMTP AUTH.",
    ),
    Preset(
        id="yahoo",
        title="Yahoo",
        host="smtp.mail.yahoo.com",
        port=465,
        security=Security.IMPLICIT_TLS,
        note="Needs an app password (Account security, Generate app password).",
    ),
    Preset(
        id="icloud",
        title="iCloud",
        host="smtp.mail.me.com",
        port=587,
        security=Security.STARTTLS,
        note="Needs an app-specific password; the user name is your full iCloud address.",
    ),
    Preset(
        id="zoho",
        title="Zoho",
        host="smtp.zoho.com",
        port=465,
        security=Security.IMPLICIT_TLS,
        note="smtppro.zoho.com for your own domain; the ending follows your data centre (.eu, .in).",
    ),
    Preset(
        id="proton",
        title="Proton Mail Bridge",
        host="127.0.0.1",
        port=1025,
        security=Security.STARTTLS,
        note="User and password are those that Bridge shows; export its certificate and paste it below.",
    ),
    Preset(
        id="ses",
        title="Amazon SES",
        host="email-smtp.us-east-1.amazonaws.com",
        port=587,
        security=Security.STARTTLS,
        note="SMTP credentials from the SES console, not your AWS keys; put your region into the host.",
    ),
    Preset(
        id="sendgrid",
        title="SendGrid (SMTP)",
        host="smtp.sendgrid.net",
        port=587,
        security=Security.STARTTLS,
        username="apikey",
        note="The user name is the word “apikey”; the password is an API key that may send mail.",
    ),
    Preset(
        id="mailjet",
        title="Mailjet",
        host="in-v3.mailjet.com",
        port=587,
        security=Security.STARTTLS,
        note="The user name is your API key, the password your secret key.",
    ),
    Preset(
        id="smtpcom",
        title="SMTP.com",
        host="send.smtp.com",
        port=587,
        security=Security.STARTTLS,
        note="User name and password of the sender (channel) that you made there.",
    ),
    Preset(
        id="postmark",
        title="Postmark",
        host="smtp.postmarkapp.com",
        port=587,
        security=Security.STARTTLS,
        note="The server's API token is both user name and password; the sender must be confirmed there.",
    ),
    Preset(
        id="mailgun",
        title="Mailgun",
        host="smtp.mailgun.org",
        port=587,
        security=Security.STARTTLS,
        note="SMTP credentials of your sending domain; smtp.eu.mailgun.org for domains in the EU.",
    ),
)

BY_ID: Final = {preset.id: preset for preset in PRESETS}


def preset_of(host: str, security: Security) -> Preset:
    """The preset that a configuration was probably made from; CUSTOM where none fits."""
    for preset in PRESETS:
        if preset.host and preset.host == host.lower() and preset.security is security:
            return preset
    return CUSTOM
