#!/usr/bin/env bash
# Fuzzes every operation of the OpenAPI document against a platform of its own, then uses that platform through a generated
# Python client: scripts/api-fuzz.sh [seconds]; with --install it only installs what that needs.
#   The platform runs from dist/ on the embedded database in a temporary directory, on loopback, with the offline model.
#   Schemathesis and openapi-python-client are installed once, into NEXUS_FUZZ_CACHE (default: ~/.cache/nexus/api-fuzz).
#   Ends with 1 on any finding. The report stays in NEXUS_FUZZ_REPORTS when that is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SECONDS_TO_FUZZ=${1:-360}
readonly CACHE=${NEXUS_FUZZ_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nexus/api-fuzz}
readonly REQUIREMENTS=$PWD/test/api-fuzz/requirements.txt
export PATH=$PWD/node_modules/.bin:$PATH

fail() {
  printf 'api-fuzz.sh: %s\n' "$*" >&2
  exit 1
}

work=$(mktemp -d)
platform=
mail_server=
clean_up() {
  local process
  for process in $platform $mail_server; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap clean_up EXIT

install_tools() {
  local want
  want=$(sha256sum "$REQUIREMENTS" | cut -d ' ' -f 1)
  if [ "$(cat "$CACHE/installed" 2>/dev/null)" != "$want" ]; then
    command -v python3 >/dev/null 2>&1 || fail 'Python 3.10 or newer is needed'
    rm -rf "$CACHE"
    mkdir -p "$CACHE"
    python3 -m venv "$CACHE/venv"
    "$CACHE/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$REQUIREMENTS"
    printf '%s' "$want" >"$CACHE/installed"
  fi
}

start_platform() {
  NEXUS_FUZZ_PORT=$(node -e 's = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  NEXUS_FUZZ_URL=http://127.0.0.1:$NEXUS_FUZZ_PORT
  NEXUS_FUZZ_EMAIL=admin@nexus.test
  NEXUS_FUZZ_PASSWORD=$(node -p 'require("node:crypto").randomBytes(18).toString("base64url")')
  export NEXUS_FUZZ_URL NEXUS_FUZZ_EMAIL NEXUS_FUZZ_PASSWORD
  # Open registration needs a mail server.
  local mail_port
  mkfifo "$work/mail-port"
  NEXUS_FUZZ_MAILS=$work/mails
  export NEXUS_FUZZ_MAILS
  mkdir "$NEXUS_FUZZ_MAILS"
  node scripts/api-fuzz-mails.mjs >"$work/mail-port" &
  mail_server=$!
  read -r mail_port <"$work/mail-port"
  # Limits are raised, or the run would measure them alone. Nothing private may be called and no program started: the run
  # sends addresses and commands of its own making.
  env -i PATH="$PATH" HOME="$work" ENVIRONMENT=test API_HOST=127.0.0.1 API_PORT="$NEXUS_FUZZ_PORT" NEXUS_DATABASE=embedded \
    NEXUS_DATA_DIR="$work/data" LOG_LEVEL=warning LOG_FORMAT=json NEXUS_BCRYPT_ROUNDS=4 NEXUS_ALLOW_REGISTRATION=true \
    SMTP_URL="smtp://127.0.0.1:$mail_port" \
    NEXUS_ALLOW_PRIVATE_ADDRESSES=false NEXUS_ALLOW_STDIO_TOOLS=false \
    NEXUS_ADMIN_EMAIL="$NEXUS_FUZZ_EMAIL" NEXUS_ADMIN_PASSWORD="$NEXUS_FUZZ_PASSWORD" \
    RATE_LIMIT_PER_MINUTE=1000000000 RATE_LIMIT_AUTH_PER_MINUTE=1000000000 RATE_LIMIT_ORCHESTRATION_PER_MINUTE=1000000000 \
    node dist/main.js >"$work/platform.log" 2>&1 &
  platform=$!
  local deadline=$((SECONDS + 60))
  until curl -sf "$NEXUS_FUZZ_URL/health/ready" >/dev/null; do
    kill -0 "$platform" 2>/dev/null || fail "the platform did not start: $(tail -5 "$work/platform.log")"
    [ "$SECONDS" -lt "$deadline" ] || fail "the platform was not ready in 60 s: $(tail -5 "$work/platform.log")"
    sleep 0.2
  done
}

fuzz() {
  printf '\n== every operation of the document, within %s s\n' "$SECONDS_TO_FUZZ"
  "$CACHE/venv/bin/python" test/api-fuzz/seed.py test/api-fuzz/schemathesis.toml "$work/schemathesis.toml" "$work/administrators.json"
  NEXUS_FUZZ_ADMINISTRATORS=$(cat "$work/administrators.json")
  export NEXUS_FUZZ_ADMINISTRATORS
  local status=0
  PYTHONPATH=$PWD/test/api-fuzz timeout --signal=INT "$SECONDS_TO_FUZZ" "$CACHE/venv/bin/schemathesis" \
    --config-file "$work/schemathesis.toml" run openapi.json --url "$NEXUS_FUZZ_URL" \
    --report ndjson --report-dir "${NEXUS_FUZZ_REPORTS:-$work/reports}" "$@" 2>&1 |
    tee "$work/fuzz.log" || status=$?
  # A slow machine reaches the bound before the last chain of requests: what was sent until then still counts.
  if [ "$status" -eq 124 ] && ! grep -qE '^(Failures|Errors):' "$work/fuzz.log"; then
    printf 'The time is over; nothing was found until then.\n'
    status=0
  fi
  return "$status"
}

use_python_client() {
  printf '\n== a Python client generated from the document\n'
  "$CACHE/venv/bin/openapi-python-client" generate --path openapi.json --meta none --fail-on-warning \
    --config test/api-fuzz/python-client.yml --output-path "$work/python/nexus_client"
  PYTHONPATH=$work/python "$CACHE/venv/bin/python" test/api-fuzz/client_calls.py
}

if [ "${1:-}" = --install ]; then
  install_tools
  exit 0
fi
npm run --silent build
install_tools
start_platform
use_python_client
fuzz "${@:2}"
