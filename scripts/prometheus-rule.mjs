// Writes deploy/k8s/monitoring/prometheus-rule.yaml from deploy/prometheus/alerts.yml: the same rules for the Prometheus operator.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const { groups } = parse(readFileSync('deploy/prometheus/alerts.yml', 'utf8'));
const labels = { 'app.kubernetes.io/name': 'nexus' };
const rule = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'nexus', labels },
  spec: { groups },
};
const head = '# Written from deploy/prometheus/alerts.yml by `node scripts/prometheus-rule.mjs`.\n';
writeFileSync('deploy/k8s/monitoring/prometheus-rule.yaml', head + stringify(rule, { lineWidth: 0 }));
