import type { HttpClient } from './http.js';

const REQUIREMENT = 'A calculator assistant that works out totals, discounts and percentages.';

/** Callers that ask an agent and now and then begin a project, one request after the other each, until they are stopped. */
export class Load {
  readonly invocations: string[] = [];
  readonly projects: string[] = [];
  /** What was not answered, or not with success. */
  readonly failures: string[] = [];
  private isOver = false;
  private readonly callers: Promise<void>[];

  /** @param agent its path under the API */
  constructor(
    private readonly http: HttpClient,
    private readonly agent: string,
    callers = 6,
  ) {
    this.callers = Array.from({ length: callers }, (_, caller) => this.call(caller));
  }

  get acknowledged(): number {
    return this.invocations.length + this.projects.length;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.callers);
  }

  private async call(caller: number): Promise<void> {
    for (let turn = 0; !this.isOver; turn++) {
      try {
        // One project in sixty requests: each is a build of some hundred writes.
        if (caller === 0 && turn % 20 === 5) await this.begin();
        else await this.ask();
      } catch (error) {
        const { message, cause } = error as Error;
        this.failures.push(cause instanceof Error ? `${message}: ${cause.message}` : message);
      }
    }
  }

  private async ask(): Promise<void> {
    const { status, data, error } = await this.http.post<{ invocation_id: string }>(`${this.agent}/invoke`, {
      input_text: 'What is 6 * 7?',
    });
    if (status === 200) this.invocations.push(data.invocation_id);
    else this.failures.push(`${status} ${JSON.stringify(error)}`);
  }

  private async begin(): Promise<void> {
    const { status, data, error } = await this.http.post<{ project_id: string }>('/api/v1/projects', {
      requirement: REQUIREMENT,
    });
    if (status === 201) this.projects.push(data.project_id);
    else this.failures.push(`${status} ${JSON.stringify(error)}`);
  }
}
