#!/usr/bin/env bash
# Releases what deploy/k8s/overlays/production/release names: migrates the tables, then replaces the pods, and goes back to the version
# before when the new pods do not become ready. Usage: scripts/release-kubernetes.sh [production|canary]
set -euo pipefail
cd "$(dirname "$0")/.."

overlay=${1:-production}
namespace=nexus
rollout_minutes=15
canary_minutes=60

case $overlay in
  production | canary) ;;
  *)
    echo "usage: scripts/release-kubernetes.sh [production|canary]" >&2
    exit 2
    ;;
esac

in_cluster() { kubectl --namespace "$namespace" "$@"; }

# False when the Job has failed. The Job's own deadline bounds it.
migrated() {
  until in_cluster wait --for=condition=complete --timeout=10s job/nexus-migrate 2>/dev/null; do
    if in_cluster wait --for=condition=failed --timeout=1s job/nexus-migrate 2>/dev/null; then return 1; fi
  done
}

echo "Migrating the tables"
in_cluster delete job nexus-migrate --ignore-not-found --wait
kubectl apply --kustomize deploy/k8s/overlays/production/migration
if ! migrated; then
  in_cluster logs job/nexus-migrate --tail=50 >&2 || true
  echo "The migration failed. Nothing was released." >&2
  exit 1
fi

echo "Releasing $overlay"
kubectl apply --kustomize "deploy/k8s/overlays/$overlay"
if [ "$overlay" = canary ]; then
  # Argo Rollouts goes back by itself when the analysis fails, and this fails then.
  kubectl argo rollouts status nexus --namespace "$namespace" --timeout "${canary_minutes}m"
elif ! in_cluster rollout status deployment/nexus --timeout="${rollout_minutes}m"; then
  echo "The new pods did not become ready. Going back to the previous version." >&2
  in_cluster rollout undo deployment/nexus
  in_cluster rollout status deployment/nexus --timeout="${rollout_minutes}m"
  exit 1
fi
echo "Released"
