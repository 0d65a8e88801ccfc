// A refund flow with an agent, a person's approval and a compensated failure. Usage: npm run demo -- --flow
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from './api.ts';
import { bold, dim, green, heading, line, red } from './screen.ts';

interface FlowRun {
  run_id: string;
  status: string;
  error: { step_id?: string; code: string; message: string } | null;
  steps: { step_id: string; status: string; compensation?: { status: string } }[];
}

/** A shop on this machine: it refunds, takes refunds back, and its courier is out of order for one order. */
class Shop {
  private readonly server: Server;
  readonly ledger: string[] = [];

  constructor() {
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://shop');
      const [, thing = '', order = ''] = pathname.split('/');
      if (thing === 'refunds') {
        this.ledger.push(`${request.method === 'DELETE' ? 'takes back the refund of' : 'refunds'} ${order}`);
        line(
          `      ${dim(`shop: ${this.ledger.at(-1)} (Idempotency-Key ${String(request.headers['idempotency-key'])})`)}`,
        );
      }
      const isBroken = thing === 'pickups' && order === 'B-2';
      response.writeHead(isBroken ? 422 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ id: order, total: 120, courier: isBroken ? 'does not serve this address' : 'booked' }),
      );
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** @param agent_id an agent that was built before */
export async function showFlow(api: Api, agent_id: string): Promise<void> {
  const shop = new Shop();
  const url = await shop.open();
  try {
    heading('A refund flow');
    const { flow_id } = await api.post<{ flow_id: string }>('/api/v1/flows', {
      name: 'Refund',
      definition: definition(url, agent_id),
    });
    const { version } = await api.post<{ version: number }>(`/api/v1/flows/${flow_id}/publish`, {});
    line(`  ${bold(flow_id)} is published as version ${version}: order → agent → person → refund → pickup`);
    await run(api, flow_id, 'A-1', 'the courier comes');
    await run(api, flow_id, 'B-2', 'the courier does not serve the address');
    const letters = await api.get<{ dead_letters: { run_id: string }[] }>(`/api/v1/flows/${flow_id}/dead-letters`);
    line(`  ${dim(`dead letters: ${letters.dead_letters.map(({ run_id }) => run_id).join(', ')}`)}`);
    const refunded = shop.ledger.filter((entry) => entry === 'refunds A-1').length;
    if (refunded !== 1 || shop.ledger.at(-1) !== 'takes back the refund of B-2')
      throw new Error(`The shop's ledger is wrong: ${shop.ledger.join(', ')}`);
  } finally {
    shop.close();
  }
}

function definition(url: string, agent_id: string): object {
  const retry = { max_attempts: 3, initial_seconds: 0.2 };
  return {
    timeout_seconds: 600,
    steps: [
      { id: 'order', http: { url: `${url}/orders/\${{ input.order_id }}` } },
      {
        ...{ id: 'judge', needs: ['order'] },
        agent: { agent_id, input: 'What is ${{ steps.order.output.body.total }} * 2?' },
      },
      {
        ...{ id: 'person', needs: ['judge', 'order'], when: 'steps.order.output.body.total > 100' },
        approval: { roles: ['admin'], message: 'Refund it?', expires_seconds: 300 },
      },
      {
        ...{ id: 'refund', needs: ['person'], idempotency_key: 'refund-${{ input.order_id }}', retry },
        http: { method: 'POST', url: `${url}/refunds/\${{ input.order_id }}`, body: {} },
        compensate: { http: { method: 'DELETE', url: `${url}/refunds/\${{ input.order_id }}` } },
      },
      {
        ...{ id: 'pickup', needs: ['refund'], idempotency_key: 'pickup-${{ input.order_id }}', retry },
        http: { method: 'POST', url: `${url}/pickups/\${{ input.order_id }}`, body: {} },
      },
    ],
  };
}

async function run(api: Api, flow_id: string, order_id: string, story: string): Promise<void> {
  heading(`Order ${order_id} ${dim(`(${story})`)}`);
  const { run_id } = await api.post<FlowRun>(`/api/v1/flows/${flow_id}/runs`, { input: { order_id } });
  for await (const { event, data } of api.events(`/api/v1/flow-runs/${run_id}/events`)) {
    const step = typeof data['step_id'] === 'string' ? data['step_id'] : '';
    if (event === 'step.completed') line(`  ${green('✓')} ${step}`);
    if (event === 'step.failed') line(`  ${red('✗')} ${step} ${dim(String((data['error'] as Error).message))}`);
    if (event === 'compensation.completed') line(`  ${green('↺')} ${step} is undone`);
    if (event === 'step.waiting' && step === 'person') {
      line(`  ${bold('?')} person ${dim('waits for an approval; you approve it')}`);
      await api.post(`/api/v1/flow-runs/${run_id}/steps/person/decision`, { approve: true, comment: 'Known customer' });
    }
  }
  const ended = await api.get<FlowRun>(`/api/v1/flow-runs/${run_id}`);
  line(
    `  ${bold(ended.status)} ${dim(ended.error ? `${ended.error.code} in ${ended.error.step_id ?? 'the run'}` : run_id)}`,
  );
}
