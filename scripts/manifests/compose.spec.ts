import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseSettings } from '../../src/platform/config/load-settings.js';
import { settingsSchema } from '../../src/platform/config/settings-schema.js';
import { composeEnvironment, readYaml } from './files.js';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  profiles?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  read_only?: boolean;
  healthcheck?: object;
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }> | string[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  secrets: Record<string, { environment: string }>;
}

/** Read by the AWS SDK alone. */
const OF_THE_SDK = ['AWS_SECRET_ACCESS_KEY'];
const compose = readYaml<Compose>('docker-compose.yml');
const { nexus, migrate, dynamodb } = compose.services;
const services = Object.entries(compose.services).map(([name, service]) => ({ name, ...service }));
/** What the `.env` of scripts/write-env.sh holds. */
const SECRETS = {
  JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
  NEXUS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  NEXUS_ADMIN_EMAIL: 'admin@example.com',
  NEXUS_ADMIN_PASSWORD: 'a password for compose',
  GRAFANA_PASSWORD: 'a password for grafana',
};

describe('docker-compose.yml', () => {
  it('has what the platform needs, and the rest in profiles', () => {
    expect(
      services
        .filter(({ profiles }) => !profiles)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['dynamodb', 'grafana', 'migrate', 'nexus', 'prometheus']);
    expect(services.flatMap(({ profiles = [] }) => profiles).sort()).toEqual([
      ...['alerts', 'redis', 'temporal', 'temporal', 'temporal'],
    ]);
  });

  it('sets settings that the platform has, and it starts with them', () => {
    const environment = nexus?.environment ?? {};
    const names = [...Object.keys(settingsSchema().shape), ...OF_THE_SDK];
    expect(Object.keys(environment).filter((name) => !names.includes(name))).toEqual([]);
    expect(parseSettings(composeEnvironment(environment, SECRETS)).values).toMatchObject({
      ENVIRONMENT: 'production',
      NEXUS_DATABASE: 'dynamodb',
      DYNAMODB_ENDPOINT: 'http://dynamodb:8000',
    });
    expect(migrate?.environment).toEqual(environment);
  });

  it.each(Object.keys(SECRETS))('refuses to start without %s, and scripts/write-env.sh makes it', (name) => {
    const given = Object.fromEntries(Object.entries(SECRETS).filter(([other]) => other !== name));
    const environments = services.map(({ environment = {} }) => environment);
    expect(() => environments.map((environment) => composeEnvironment(environment, given))).toThrow(
      `required variable ${name} is missing a value: write`,
    );
    expect(readFileSync('scripts/write-env.sh', 'utf8')).toMatch(new RegExp(`^${name}=`, 'm'));
  });

  it('publishes to this machine only, and not the database, which checks no signature', () => {
    for (const port of services.flatMap(({ ports = [] }) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(dynamodb?.ports).toBeUndefined();
  });

  it.each(services)(
    '$name waits for services that there are, in a state that they can reach',
    ({ depends_on = {} }) => {
      const entries = Array.isArray(depends_on)
        ? depends_on.map((name) => [name, { condition: 'service_started' }] as const)
        : Object.entries(depends_on);
      for (const [name, { condition }] of entries) {
        const needed = compose.services[name];
        expect(needed).toBeDefined();
        if (condition === 'service_healthy') expect(needed?.healthcheck).toBeDefined();
      }
    },
  );

  it.each(services)('$name mounts what there is', ({ volumes = [] }) => {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      expect(source.startsWith('./') ? existsSync(source) : source in compose.volumes).toBe(true);
    }
  });

  it('gives the platform a read-only root and the time to leave', () => {
    expect(nexus).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    const { SHUTDOWN_GRACE_SECONDS: grace } = parseSettings({}).values;
    expect(parseInt(nexus?.stop_grace_period ?? '', 10)).toBeGreaterThan(10 + grace);
  });

  it('is where Prometheus scrapes and Grafana reads', () => {
    const { scrape_configs } = readYaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>(
      'deploy/prometheus/prometheus.yml',
    );
    const hosts = scrape_configs.flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets));
    for (const host of hosts) expect([...Object.keys(compose.services), 'localhost']).toContain(host.split(':')[0]);
    const { datasources } = readYaml<{ datasources: { url: string }[] }>(
      'deploy/grafana/provisioning/datasources/prometheus.yml',
    );
    expect(datasources.map(({ url }) => new URL(url).hostname)).toEqual(['prometheus']);
    const { providers } = readYaml<{ providers: { options: { path: string } }[] }>(
      'deploy/grafana/provisioning/dashboards/nexus.yml',
    );
    const mounted = compose.services['grafana']?.volumes?.map((volume) => volume.split(':')[1]);
    for (const { options } of providers) expect(mounted).toContain(options.path);
  });

  it('sends alerts to the Alertmanager of the profile `alerts`, with the tokens that its file names', () => {
    const { alerting } = readYaml<{
      alerting: { alertmanagers: { dns_sd_configs: { names: string[]; port: number }[] }[] };
    }>('deploy/prometheus/prometheus.yml');
    const targets = alerting.alertmanagers.flatMap(({ dns_sd_configs }) => dns_sd_configs);
    expect(targets.map(({ names, port }) => [names, port])).toEqual([[['alertmanager'], 9093]]);
    const mounted = compose.services['alertmanager'] as unknown as { secrets: { source: string; target: string }[] };
    const named = readFileSync('deploy/prometheus/alertmanager.yml', 'utf8').matchAll(/credentials_file: (\S+)/g);
    expect([...new Set([...named].map(([, file]) => file))].sort()).toEqual(
      mounted.secrets.map(({ target }) => target).sort(),
    );
    expect(mounted.secrets.map(({ source }) => source)).toEqual(Object.keys(compose.secrets));
  });

  it('is accepted by docker compose where there is one', () => {
    const { status } = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8' });
    const check =
      status === 0
        ? spawnSync('docker', ['compose', '--profile', '*', 'config', '--quiet'], {
            encoding: 'utf8',
            env: { PATH: process.env['PATH'], ...SECRETS },
          })
        : { status: 0, stderr: '' };
    expect({ status: check.status, said: check.stderr }).toEqual({ status: 0, said: '' });
  });
});
