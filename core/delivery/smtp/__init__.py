"""SMTP: sessions with servers, kept between messages, that say what happened in words a person can act on."""

from core.delivery.smtp.transport import SmtpTransport

__all__ = ["SmtpTransport"]
