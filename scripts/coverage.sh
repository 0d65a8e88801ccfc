#!/usr/bin/env bash
# Runs npm test and reports what of src/ was run, also in the processes that tests start. Reports go to coverage/. Needs npm run ci:install.
# Usage: npm run test:coverage [-- options of jest]
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf coverage
mkdir -p coverage/raw
failed=0
NODE_V8_COVERAGE=$PWD/coverage/raw npm test -- "$@" || failed=$?
# Hundreds of processes leave a file each; what they need together does not fit into the default heap.
NODE_OPTIONS=--max-old-space-size=3072 .ci/node_modules/.bin/c8 report --config .ci/c8.json | tee coverage/summary.txt
rm -rf coverage/raw
exit "$failed"
