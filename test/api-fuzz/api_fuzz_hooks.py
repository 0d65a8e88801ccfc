"""How the fuzzer signs in, and which valid requests the platform may refuse."""

import itertools
import json
import os
import re

import requests
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

URL = os.environ["NEXUS_FUZZ_URL"]
ADMINISTRATORS = itertools.cycle(json.loads(os.environ["NEXUS_FUZZ_ADMINISTRATORS"]))
KEYS = itertools.count()

# Rules that a schema cannot state: what must exist, what excludes each other, what is signed or measured in bytes.
# By field, a pattern of the reason.
RULES = [
    ("last_key", "is not a cursor of this list"),
    ("model_id", "does not serve|is not set up"),
    ("version", "does not exist"),
    ("webhook", "needs a run"),
    ("webhook.url", "."),
    ("endpoint_url", "."),
    ("probe.agent_ids", "names no agent"),
    ("probe.health_url", "."),
    ("project_id", "is required unless|must not be combined"),
    ("operation", "must be one of"),
    ("files", "must hold"),
    ("name", "is needed for a new account"),
    (r"password|new", "bytes|guess|common|characters"),
    (r"config(\..*)?", "."),
    (r"credential(\..*)?", "."),
    (r"context(\..*)?", "."),
    ("metadata", "KB"),
    (r"start_date|end_date", "."),
    (r"expires_at|measured_at|since", "."),
    ("body", "must (have|change) at least one of"),
    ("type", "must be one of"),
    ("capabilities", "."),
    ("files", "is not text"),
    (r"(.*\.)?due_date", "ISO 8601|such as"),
    ("success_metrics|deliverables", "must have different names"),
    ("success_metrics", "more than"),
    ("Last-Event-ID", "must be"),
    (".*", "must not contain a number beyond"),
    ("password", "is required"),
    ("state", "unknown, already used"),
    ("base_url", "."),
    (r"messages.*", "user message|not supported"),
    ("name", "must be 1 to 100"),
    ("input", "does not fit|required property|must"),
    ("source", "exactly one of"),
    (r"fields(\..*)?", "."),
    ("credential_id", "must not be combined"),
    ("source", "must be an object"),
    (r"from|to", "date"),
    ("runtime", "must be local"),
    ("usd_per_day", "is required unless"),
    ("resume", "has no interrupt"),
    ("output_schema", "is not supported"),
    ("requires_approval", "is not supported"),
    # Which fields a tool has depends on its kind; names and sizes are measured in characters, cost needs a known price.
    (r"definition(\..*)?", "."),
    ("agent_ids", "must contain an id"),
    ("file", "is not a ZIP archive"),
    ("agent_id", "must be one of the agents"),
    (r"usd_per_(day|month)", "constraints"),
    ("from_stage", "cannot be combined"),
    ("body", "Too many (fields|parts)"),
    (r"checks\.\d+\.value", "needs a value|regular expression"),
    ("after", "needs a session_id|message"),
    ("model", "does not serve|is not set up"),
]
RULES = [(re.compile(field), re.compile(reason)) for field, reason in RULES]


@schemathesis.auth(refresh_interval=600)
class Administrator:
    """Each sign-in is another administrator's: the run ends sign-ins, locks accounts and removes members by itself."""

    def get(self, case, context):
        for administrator in itertools.islice(ADMINISTRATORS, 30):
            answer = requests.post(f"{URL}/api/v1/auth/login", json=administrator, timeout=30)
            if answer.ok:
                return answer.json()["access_token"]
        raise RuntimeError(f"no administrator can sign in: {answer.text}")

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key that was seen before replays an old response, whatever the request is. Invalid keys stay as they are."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,200}", key):
        case.headers["Idempotency-Key"] = f"{key}-{next(KEYS)}"


def refused_by_a_rule(response):
    try:
        error = json.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    if "param" in error:  # OpenAI's form
        return error["code"] in ("invalid_state", "idempotency_mismatch") or error["param"] is not None
    if error["code"] in ("INVALID_STATE", "IDEMPOTENCY_MISMATCH", "DOCUMENT_INVALID", "CLIENT_UNAVAILABLE", "EXPORT_REFUSED", "MODEL_REQUIRED"):
        return True
    fields = error["details"].get("fields", {})
    return bool(fields) and all(
        any(field.fullmatch(name) and reason.search(text) for field, reason in RULES)
        for name, reasons in fields.items()
        for text in reasons
    )


@schemathesis.check
def refuses_by_rules_alone(ctx, response, case):
    """As positive_data_acceptance, but for the refusals of RULES."""
    if response.status_code in (400, 422) and refused_by_a_rule(response):
        return None
    return positive_data_acceptance(ctx, response, case)
