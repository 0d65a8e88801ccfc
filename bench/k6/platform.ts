import { check, sleep } from 'k6';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';

const URL = __ENV['NEXUS_URL'] ?? 'http://127.0.0.1:8000';
const API = `${URL}/api/v1`;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const BUILD_PATIENCE_SECONDS = 120;

/** Created once by `setup`, used by every user. */
export interface Ground {
  /** Good for 15 minutes: runs that last longer take an API key, in NEXUS_API_KEY. */
  token: string;
  project_id: string;
  agent: string;
}

type Answer = RefinedResponse<ResponseType | undefined>;

function authorised({ token }: Pick<Ground, 'token'>, operation: string) {
  return { headers: { ...JSON_TYPE, Authorization: `Bearer ${token}` }, tags: { operation } };
}

function tokenOf(): string {
  const key = __ENV['NEXUS_API_KEY'];
  if (key !== undefined) return key;
  const body = JSON.stringify({ email: __ENV['NEXUS_ADMIN_EMAIL'], password: __ENV['NEXUS_ADMIN_PASSWORD'] });
  const answer = http.post(`${API}/auth/login`, body, { headers: JSON_TYPE, tags: { operation: 'login' } });
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: set NEXUS_ADMIN_EMAIL and _PASSWORD`);
  return String(answer.json('access_token'));
}

/** Signs in and builds one agent, before the measured part begins. */
export function prepare(): Ground {
  const token = tokenOf();
  const requirement = 'A calculator assistant that works out discounts and totals for a shop.';
  const made = http.post(`${API}/projects`, JSON.stringify({ requirement }), authorised({ token }, 'setup'));
  if (made.status !== 201) throw new Error(`the project was answered with ${made.status}`);
  const project_id = String(made.json('data.project_id'));
  for (let second = 0; second < BUILD_PATIENCE_SECONDS; second++) {
    const project = http.get(`${API}/projects/${project_id}`, authorised({ token }, 'setup'));
    if (project.json('data.status') === 'completed') {
      const agent = encodeURIComponent(String(project.json('data.agents.0')));
      return { token, project_id, agent };
    }
    sleep(1);
  }
  throw new Error('the build did not end in time');
}

/** Deletes what `prepare` made. */
export function tidy(ground: Ground): void {
  http.del(`${API}/projects/${ground.project_id}`, null, authorised(ground, 'teardown'));
}

const fine = (answer: Answer, operation: string): boolean =>
  check(answer, { [`${operation} succeeds`]: ({ status }) => status >= 200 && status < 300 });

const get = (ground: Ground, path: string, operation: string): void => {
  fine(http.get(API + path, authorised(ground, operation)), operation);
};

/** One thing that a user does; shares as in the mix below. */
const MIX: [share: number, act: (ground: Ground) => void][] = [
  [0.2, () => fine(http.get(`${URL}/health`, { tags: { operation: 'health_probe' } }), 'health_probe')],
  [0.2, (ground) => get(ground, `/projects/${ground.project_id}`, 'project')],
  [0.1, (ground) => get(ground, '/projects?limit=20', 'projects')],
  [0.1, (ground) => get(ground, '/statistics/overview', 'statistics')],
  [
    0.2,
    (ground) => {
      const body = JSON.stringify({ input_text: 'What is 15% of 240?' });
      fine(http.post(`${API}/agents/${ground.agent}/invoke`, body, authorised(ground, 'invoke')), 'invoke');
    },
  ],
  [0.05, (ground) => get(ground, '/orchestration/health', 'orchestration_health')],
  [0.05, (ground) => get(ground, '/orchestration/metrics', 'orchestration_metrics')],
  [0.05, (ground) => get(ground, '/orchestration/status', 'orchestration_status')],
  [
    0.05,
    (ground) => {
      const context = { customer_impact: 20_000, estimated_cost: 40_000, expected_revenue: 150_000 };
      const body = JSON.stringify({ context });
      fine(http.post(`${API}/orchestration/decisions`, body, authorised(ground, 'decisions')), 'decisions');
    },
  ],
];

/** Does one thing of the mix and thinks for one to three seconds, as people do. */
export function actAndThink(ground: Ground): void {
  let left = Math.random();
  const [, act] = MIX.find(([share]) => (left -= share) < 0) ?? MIX[0]!;
  act(ground);
  sleep(1 + Math.random() * 2);
}

/** The targets of the contracts, in ms and shares. Rate limits must be raised on the platform: one address sends it all. */
export const THRESHOLDS = {
  http_req_failed: ['rate<0.001'],
  checks: ['rate>0.999'],
  'http_req_duration{operation:project}': ['p(95)<120'],
  'http_req_duration{operation:orchestration_health}': ['p(95)<50'],
  'http_req_duration{operation:orchestration_metrics}': ['p(95)<100'],
  'http_req_duration{operation:orchestration_status}': ['p(95)<100'],
  'http_req_duration{operation:decisions}': ['p(95)<500'],
};
