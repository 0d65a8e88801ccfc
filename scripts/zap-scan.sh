#!/usr/bin/env bash
# Attacks every operation of a platform's OpenAPI document with OWASP ZAP, signed in as the administrator of .env. It creates, changes and deletes
# records: for throwaway platforms only. Reports go to ./zap. Usage: scripts/zap-scan.sh [address]
set -euo pipefail
cd "$(dirname "$0")/.."
url=${1:-http://127.0.0.1:8000}

value() { sed -n "s/^$1=//p" .env; }
field() { node -p "JSON.parse(require('node:fs').readFileSync(0)).$1"; }
post() { curl --fail --silent --show-error --header 'content-type: application/json' "$@"; }

token=$(EMAIL=$(value NEXUS_ADMIN_EMAIL) PASSWORD=$(value NEXUS_ADMIN_PASSWORD) node -p \
  'JSON.stringify({ email: process.env.EMAIL, password: process.env.PASSWORD })' | post --data @- "$url/api/v1/auth/login" | field access_token)
key=$(post --header "authorization: Bearer $token" --data '{"name":"scan","roles":["admin"]}' "$url/api/v1/api-keys" | field data.api_key)

mkdir -p zap
chmod a+rwx zap
header=replacer.full_list\(0\)
docker compose -f .ci/docker-compose.yml run --rm zap zap-api-scan.py -t "$url/docs-json" -f openapi -I -J report.json -r report.html -z "\
-config $header.description=key -config $header.enabled=true -config $header.matchtype=REQ_HEADER \
-config $header.matchstr=x-api-key -config $header.regex=false -config $header.replacement=$key"
# Warnings are for people; what ZAP rates high fails.
node --input-type=module - <<'JS'
import { readFileSync } from 'node:fs';
const { site } = JSON.parse(readFileSync('zap/report.json', 'utf8'));
const high = site.flatMap(({ alerts }) => alerts).filter(({ riskcode }) => riskcode === '3');
for (const { name, count } of high) console.error(`${name}: ${count}`);
process.exitCode = high.length > 0 ? 1 : 0;
JS
