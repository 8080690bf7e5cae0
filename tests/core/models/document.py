"""The schema document's tables as they must be found in a database.

One line per column: name, type, `?` where NULL is allowed, `=` and what the database puts in where nothing is
given, `->` the table that it refers to. A `+` marks what goes beyond the document. Columns to which the document gives
a default are NOT NULL on purpose: a NULL would mean nothing in them.
"""

from __future__ import annotations

from dataclasses import dataclass

DOCUMENT = """
oauth_providers
  id uuid = uuid
  name text
  display_name text
  provider_type text
  auth_url text ?
  token_url text ?
  scope_separator text = ' '
  default_scopes json ?
  configuration json = {}
  is_active boolean = true
  created_at moment = now
  updated_at moment = now

user_oauth_connections
  id uuid = uuid
  user_id uuid -> users
  oauth_provider_id uuid -> oauth_providers
  external_user_id text
  external_username text ?
  connection_name text ?
  vault_access_token_id text ?
  vault_refresh_token_id text ?
  encrypted_access_token text ?
  encrypted_refresh_token text ?
  scopes_granted json ?
  connection_status text = 'active'
  connection_metadata json = {}
  token_expires_at moment ?
  created_at moment = now
  updated_at moment = now
  credential_type credential = 'oauth'

agent_oauth_permissions
  id uuid = uuid
  agent_id uuid -> agents
  user_oauth_connection_id uuid -> user_oauth_connections
  granted_by_user_id uuid -> users
  permission_level text = 'read_only'
  allowed_scopes json ?
  granted_at moment = now
  expires_at moment ?
  is_active boolean = true
  usage_count integer = 0
  last_used_at moment ?
  created_at moment = now
  updated_at moment = now

smtp_configurations
  id uuid = uuid
  user_id uuid -> users
  connection_name text
  host text
  port integer = 587
  secure boolean = false
  username text
  vault_password_id text
  from_email text
  from_name text ?
  reply_to_email text ?
  connection_timeout integer = 60000
  socket_timeout integer = 60000
  greeting_timeout integer = 30000
  max_emails_per_day integer = 100
  max_recipients_per_email integer = 50
  is_active boolean = true
  last_tested_at moment ?
  test_status text = 'pending'
  test_error_message text ?
  created_at moment = now
  updated_at moment = now
  + allow_plaintext boolean = false
  + ca_certificate text ?
  + auth_mechanism text = 'auto'
  + max_message_bytes integer = 26214400
  + on_uncertain text = 'wait'
  + archived_at moment ?

agent_smtp_permissions
  id uuid = uuid
  agent_id uuid -> agents
  smtp_config_id uuid -> smtp_configurations
  can_send_email boolean = true
  can_send_attachments boolean = false
  can_use_custom_from boolean = false
  daily_email_limit integer ?
  recipients_per_email_limit integer ?
  allowed_recipients json ?
  blocked_recipients json ?
  granted_by uuid -> users
  granted_at moment = now
  expires_at moment ?
  is_active boolean = true
  created_at moment = now
  updated_at moment = now
  + approval text = 'never'
  + revoked_at moment ?

smtp_operation_logs
  id uuid = uuid
  user_id uuid -> users
  agent_id uuid ? -> agents
  smtp_config_id uuid ? -> smtp_configurations
  operation_type text
  operation_params json ?
  operation_result json ?
  recipients_count integer = 0
  has_attachments boolean = false
  email_size_bytes integer ?
  status text = 'success'
  error_message text ?
  error_code text ?
  execution_time_ms integer = 0
  retry_count integer = 0
  created_at moment = now
  + outcome text
  + delivery_id uuid ? -> deliveries
  + transaction_id bigint = any
  + position bigint

sendgrid_configurations
  id uuid = uuid
  user_id uuid -> users
  api_key_vault_id uuid
  from_email text
  from_name text ?
  reply_to_email text ?
  webhook_url text ?
  webhook_secret_vault_id uuid ?
  is_active boolean = true
  max_emails_per_day integer = 1000
  max_recipients_per_email integer = 100
  created_at moment = now
  updated_at moment = now

agent_sendgrid_permissions
  id uuid = uuid
  agent_id uuid -> agents
  sendgrid_config_id uuid -> sendgrid_configurations
  can_send_email boolean = true
  can_use_templates boolean = false
  can_send_bulk boolean = false
  can_manage_templates boolean = false
  can_view_analytics boolean = false
  can_receive_emails boolean = false
  daily_send_limit integer = 100
  recipients_per_email_limit integer = 10
  granted_by uuid -> users
  granted_at moment = now
  is_active boolean = true
  expires_at moment ?
  created_at moment = now
  updated_at moment = now

sendgrid_operation_logs
  id uuid = uuid
  user_id uuid -> users
  agent_id uuid ? -> agents
  sendgrid_config_id uuid -> sendgrid_configurations
  operation_type text
  operation_params json ?
  operation_result json ?
  status text = 'success'
  error_message text ?
  sendgrid_message_id text ?
  recipients_count integer = 1
  execution_time_ms integer = 0
  created_at moment = now
"""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    name: str
    type: str
    is_nullable: bool
    default: str | None
    refers_to: str | None


def tables() -> dict[str, list[ColumnSpec]]:
    """Table name → its columns."""
    found: dict[str, list[ColumnSpec]] = {}
    table = ""
    for line in DOCUMENT.splitlines():
        if line and not line.startswith(" "):
            table = line
            found[table] = []
        elif line:
            found[table].append(_column(line.replace("+", "").strip()))
    return found


def _column(line: str) -> ColumnSpec:
    line, _, refers_to = line.partition(" -> ")
    line, _, default = line.partition(" = ")
    name, kind, *rest = line.split()
    return ColumnSpec(name, kind, rest == ["?"], default or None, refers_to or None)
