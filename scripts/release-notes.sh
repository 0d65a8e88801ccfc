#!/usr/bin/env bash
# The part of CHANGELOG.md about one version. Usage: scripts/release-notes.sh 1.0.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=${1:?usage: scripts/release-notes.sh VERSION}
notes=$(awk -v heading="## [$version]" '
  index($0, "## [") == 1 { inside = index($0, heading) == 1; next }
  inside { print }
' CHANGELOG.md)
if [ -z "${notes//[[:space:]]/}" ]; then
  printf 'CHANGELOG.md says nothing about %s\n' "$version" >&2
  exit 1
fi
printf '%s\n' "$notes"
