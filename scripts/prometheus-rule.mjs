// Writes deploy/k8s/monitoring/prometheus-rule.yaml from deploy/prometheus/alerts.yml: the same rules for the Prometheus operator.
// Usage: node scripts/prometheus-rule.mjs [address of docs/, to which the alerts link from now on]
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const ALERTS = 'deploy/prometheus/alerts.yml';
const RUNBOOKS = 'deploy/k8s/monitoring/runbooks.yaml';

const [docs] = process.argv.slice(2);
if (docs !== undefined) {
  const address = new URL(docs).href.replace(/\/$/, '');
  replace(ALERTS, /(?<=runbook_url: ).*(?=\/runbooks\/)/g, address);
  replace(RUNBOOKS, /(?<=docs: ).*/, address);
}
const { groups } = parse(readFileSync(ALERTS, 'utf8'));
const labels = { 'app.kubernetes.io/name': 'nexus' };
const rule = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'nexus', labels },
  spec: { groups },
};
const head = '# Written from deploy/prometheus/alerts.yml by `node scripts/prometheus-rule.mjs`.\n';
writeFileSync('deploy/k8s/monitoring/prometheus-rule.yaml', head + stringify(rule, { lineWidth: 0 }));

function replace(file, pattern, text) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(pattern, text));
}
