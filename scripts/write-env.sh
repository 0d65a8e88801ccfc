#!/usr/bin/env bash
# Writes .env with new secrets for docker compose, readable by its owner only. Leaves an existing one alone.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e .env ] && exit 0
umask 077
cat >.env <<SECRETS
JWT_SECRET_KEY=$(openssl rand -base64 48)
NEXUS_ENCRYPTION_KEY=$(openssl rand -base64 32)
NEXUS_ADMIN_EMAIL=admin@example.com
NEXUS_ADMIN_PASSWORD=$(openssl rand -base64 18)
GRAFANA_PASSWORD=$(openssl rand -base64 18)
SECRETS
