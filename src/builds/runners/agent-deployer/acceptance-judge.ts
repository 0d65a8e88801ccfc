import { Injectable } from '@nestjs/common';
import { ModelsService } from '../../../models/models.service.js';
import { Settings } from '../../../platform/config/settings.js';
import { DocumentWriter } from '../document-writer.js';
import type { StageContext } from '../stage-runner.js';
import { JUDGE_TASK } from './acceptance-judge.prompt.js';
import type { ExampleReport, JudgedSummary } from './agent-deployer.schema.js';
import { addRun, type AcceptanceRun } from './acceptance-run.js';

const OFFLINE = 'offline';

/**
 * Has the language model judge what no rule can check, when `ACCEPTANCE_JUDGED_PASS_MARK` is set and a model that can
 * judge is configured.
 */
@Injectable()
export class AcceptanceJudge {
  constructor(
    private readonly writer: DocumentWriter,
    private readonly models: ModelsService,
    private readonly settings: Settings,
  ) {}

  /** The run with a verdict on each answer that asks for one; null when nothing was judged. */
  async judge(
    context: StageContext,
    run: AcceptanceRun,
  ): Promise<{ run: AcceptanceRun; judged: JudgedSummary | null }> {
    const pass_mark = this.settings.get('ACCEPTANCE_JUDGED_PASS_MARK');
    const asked = run.examples.filter(({ judged, output }) => judged !== null && output !== null);
    if (pass_mark === undefined || asked.length === 0 || this.models.describe(context.model_id).provider === OFFLINE)
      return { run, judged: null };
    const examples = asked.map(({ id, input, output, judged }) => ({ id, input, output, judged }));
    const { document, ...spent } = await this.writer.write(context, JUDGE_TASK, { examples });
    const verdicts = new Map(document.verdicts.map(({ id, passes, reason }) => [id, { passed: passes, reason }]));
    const judgedOnes = run.examples.map((example) => withVerdict(example, asked, verdicts));
    const passed = judgedOnes.filter(({ verdict }) => verdict?.passed === true).length;
    const share = passed / asked.length;
    context.log(share >= pass_mark ? 'info' : 'error', `${passed} of ${asked.length} judged answers passed`);
    return {
      run: { ...addRun(run, spent), examples: judgedOnes },
      judged: { pass_mark, total: asked.length, passed, is_met: share >= pass_mark },
    };
  }
}

type Verdict = NonNullable<ExampleReport['verdict']>;

/** An answer on which the model says nothing does not pass. */
function withVerdict(
  example: ExampleReport,
  asked: readonly ExampleReport[],
  verdicts: ReadonlyMap<string, Verdict>,
): ExampleReport {
  if (!asked.includes(example)) return example;
  return { ...example, verdict: verdicts.get(example.id) ?? { passed: false, reason: 'No verdict was given.' } };
}
