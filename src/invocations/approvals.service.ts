import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { AuditLog } from '../identity/audit/audit-log.js';
import { actorOf, type Principal } from '../identity/principal.js';
import { UnitOfWork, type Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/domain-error.js';
import { BACKGROUND_RUN } from './agent-run.service.js';
import { type Approval, awaited, type Invocation, isOver, isPending } from './invocation.js';
import {
  ApprovalNotPendingError,
  InvocationNotCancellableError,
  InvocationNotFoundError,
} from './invocations.errors.js';
import { InvocationsRepository } from './invocations.repository.js';

const POLL_MS = 100;

/** What a person says about a tool call. */
export interface ApprovalDecision {
  approve: boolean;
  comment?: string | null | undefined;
}

export interface Decisions {
  invocation_id: string;
  /** The run must be one of this agent. */
  agent_id?: string;
  decisions: readonly (ApprovalDecision & { approval_id: string })[];
}

/** Decisions about runs that wait. Each is one transaction with the engine's wake-up. */
@Injectable()
export class Approvals {
  constructor(
    private readonly repository: InvocationsRepository,
    private readonly audit: AuditLog,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Decides a tool call, once. It is stored with its entry in the audit log. The run continues when all its calls are decided,
   * at once in this process and within two seconds in others.
   * @returns the run with the decision
   * @throws InvocationNotFoundError, NotFoundError, ApprovalNotPendingError
   */
  async decide(
    principal: Principal,
    invocation_id: string,
    approval_id: string,
    { approve, comment = null }: ApprovalDecision,
  ): Promise<Invocation> {
    const { org_id } = principal;
    const run = await this.repository.findById(org_id, invocation_id);
    if (!run) throw new InvocationNotFoundError(invocation_id);
    const { approvals = [] } = run;
    const index = approvals.findIndex((one) => one.approval_id === approval_id);
    const approval = approvals[index];
    if (!approval) throw new NotFoundError('Approval', approval_id, { details: { invocation_id } });
    if (approval.status !== 'pending') throw new ApprovalNotPendingError(approval_id, approval.status);
    if (run.status !== 'waiting') throw new ApprovalNotPendingError(approval_id, `the run is ${run.status}`);
    const by = actorOf(principal);
    const decided: Approval = {
      ...approval,
      ...{ status: approve ? 'approved' : 'rejected', by, comment, decided_at: this.clock.timestamp() },
    };
    const entry = this.audit.creationOf({
      ...{ org_id, actor: by, action: 'invocation.decided', outcome: 'success', target: invocation_id },
      details: { approval_id, tool: approval.tool, approve, ...(comment === null ? {} : { comment }) },
    });
    await this.wake(invocation_id, [this.repository.decision(run, index, decided), entry]);
    return { ...run, approvals: approvals.with(index, decided) };
  }

  /**
   * Decides several calls of a run, one after the other. @returns the run with the decisions
   * @throws as {@link decide}; InvocationNotFoundError for a run of another agent
   */
  async decideAll(principal: Principal, { invocation_id, agent_id, decisions }: Decisions): Promise<Invocation> {
    const run = await this.repository.findById(principal.org_id, invocation_id);
    if (!run || (agent_id !== undefined && run.agent_id !== agent_id)) throw new InvocationNotFoundError(invocation_id);
    let decided = run;
    for (const { approval_id, ...decision } of decisions)
      decided = await this.decide(principal, invocation_id, approval_id, decision);
    return decided;
  }

  /**
   * Waits until a run whose calls were decided ends or requires more approvals.
   * @param signal stops waiting: the run is returned as it is
   * @throws InvocationNotFoundError
   */
  async continued(org_id: string, invocation_id: string, signal: AbortSignal): Promise<Invocation> {
    for (;;) {
      const run = await this.repository.findById(org_id, invocation_id);
      if (!run) throw new InvocationNotFoundError(invocation_id);
      if (isOver(run) || awaited(run).some(isPending) || signal.aborted) return run;
      await delay(POLL_MS);
    }
  }

  /** Ends a waiting run as cancelled. @throws InvocationNotCancellableError when it is no longer waiting */
  async cancel(run: Invocation): Promise<void> {
    const { invocation_id } = run;
    const end = this.engine.end(invocation_id);
    const at = this.clock.timestamp();
    if (!(await this.repository.cancelWaiting(run, 'The run was cancelled', at, end.writes))) {
      end.abandoned();
      throw new InvocationNotCancellableError(invocation_id, 'running');
    }
    end.committed();
  }

  private async wake(run_id: string, writes: Write[]): Promise<void> {
    const wake = this.engine.wake({ kind: BACKGROUND_RUN, run_id });
    try {
      await this.unit.commit([...writes, ...wake.writes]);
    } catch (error) {
      wake.abandoned();
      throw error;
    }
    wake.committed();
  }
}
