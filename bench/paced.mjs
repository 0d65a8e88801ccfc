// Connected callers send requests at a steady rate, one after the other: measures response times, not throughput.
import { Client } from 'undici';

const TICK_MS = 1;

/** @returns answered requests a second, quantiles in ms, and the number of unsuccessful responses. */
export async function paced(url, { connections, rate, seconds, method = 'GET', headers = {}, body }) {
  const { origin, pathname, search } = new URL(url);
  const options = { path: pathname + search, method, headers, ...(body === undefined ? {} : { body }) };
  const clients = Array.from({ length: connections }, () => new Client(origin, { pipelining: 1 }));
  const ask = async (client) => {
    const answer = await client.request(options);
    await answer.body.dump();
    return answer.statusCode;
  };
  // Every connection is opened, and not measured, before the first request that is.
  for (let from = 0; from < connections; from += 50) await Promise.all(clients.slice(from, from + 50).map(ask));
  const total = Math.round(rate * seconds);
  const took = [];
  let errors = 0;
  const begun = performance.now();
  const all = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate));
    for (; sent < due; sent++) {
      const at = performance.now();
      const done = (status) => {
        took.push(performance.now() - at);
        if (status < 200 || status >= 300) errors++;
      };
      all.push(ask(clients[sent % connections]).then(done, () => errors++));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(all);
  const lasted = (performance.now() - begun) / 1000;
  await Promise.all(clients.map((client) => client.destroy()));
  took.sort((a, b) => a - b);
  const quantile = (share) => Math.round((took[Math.floor(took.length * share)] ?? NaN) * 10) / 10;
  return { rate: took.length / lasted, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), errors };
}
