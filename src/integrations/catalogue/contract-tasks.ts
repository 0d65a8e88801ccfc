import { hash } from 'node:crypto';
import { callTasks } from './call-tasks.js';
import { find } from './list-tasks.js';
import { mockTasks, sampleInput } from './mock-tasks.js';
import { REPEATS, type Shape, shapeOf } from './answer-shape.js';
import type { Catalogue, Risk } from './operation.js';
import type { SchemaFault } from './operation-schemas.js';

const FAULTS_SHOWN = 5;

export interface ContractCase {
  operation_id: string;
  name: string;
  risk: Risk;
  /** Of examples, otherwise of schemas. */
  input: Record<string, unknown>;
}

/** What an operation answered. */
export interface Observed {
  operation_id: string;
  status: number | null;
  /** Null when the document says nothing about the answer. */
  valid: boolean | null;
  mismatches: SchemaFault[];
  shape: Shape;
  /** Whether the answers were equal each time. */
  deterministic: boolean;
  /** Why there is no answer. */
  error: string | null;
}

export interface LiveAnswer {
  status: number;
  valid: boolean | null;
  mismatches: SchemaFault[];
  body: unknown;
}

/** Tests whether an API keeps to its document. */
export const contractTasks = {
  /** Operations to test, in the order of the document. */
  contract_cases: (
    [catalogue]: Catalogue[],
    { risk, limit }: { risk: Risk | null; limit: number },
  ): { cases: ContractCase[]; total: number } => {
    const found = catalogue!.operations.filter((one) => one.callable && (risk === null || one.risk === risk));
    const cases = found.slice(0, limit).map((operation) => ({
      ...{ operation_id: operation.operation_id, name: operation.name, risk: operation.risk },
      input: sampleInput(operation, catalogue!.schemas),
    }));
    return { cases, total: found.length };
  },

  /** Calls operations on the mock. */
  contract_mock: ([catalogue]: Catalogue[], { cases }: { cases: ContractCase[] }): Observed[] =>
    cases.map(({ operation_id, input }) => mocked(catalogue!, operation_id, input)),

  /** What the answers of an API to the same request say. */
  contract_observe: (
    _: Catalogue[],
    { operation_id, answers }: { operation_id: string; answers: LiveAnswer[] },
  ): Observed => observed(operation_id, answers),
};

function mocked(catalogue: Catalogue, operation_id: string, input: Record<string, unknown>): Observed {
  const answers: LiveAnswer[] = [];
  for (let time = 0; time < REPEATS; time++) {
    const prepared = callTasks.prepare([catalogue], { operation: operation_id, input, server: 'http://mock.invalid' });
    if (!('request' in prepared)) {
      const reason = prepared.fault === 'input' ? Object.keys(prepared.fields).join(', ') : prepared.fault;
      return { ...observed(operation_id, []), error: `No request can be built: ${reason}` };
    }
    const { method, url, headers, body = '' } = prepared.request;
    const { pathname, search } = new URL(url);
    const answer = mockTasks.mock([catalogue], { method, path: pathname, query: search.slice(1), headers, body });
    const text = answer.body === null ? '' : JSON.stringify(answer.body);
    const received = { status: answer.status, headers: answer.headers, body: new TextEncoder().encode(text) };
    const read = callTasks.read_answer([catalogue], { operation: operation_id, input, answer: received });
    answers.push({ status: answer.status, valid: read.valid, mismatches: read.mismatches, body: answer.body });
  }
  return observed(find(catalogue, operation_id)?.operation_id ?? operation_id, answers);
}

function observed(operation_id: string, answers: LiveAnswer[]): Observed {
  const bodies = new Set(answers.map(({ status, body }) => hash('sha256', JSON.stringify([status, body]))));
  // The worst answer counts.
  const worst =
    answers.find(({ status }) => status >= 400) ?? answers.find(({ valid }) => valid === false) ?? answers[0];
  return {
    operation_id,
    status: worst?.status ?? null,
    valid: worst?.valid ?? null,
    mismatches: (worst?.mismatches ?? []).slice(0, FAULTS_SHOWN),
    shape: shapeOf(worst?.body ?? null),
    deterministic: answers.length > 0 && bodies.size === 1,
    error: null,
  };
}
