import { PATHS } from '../../../stages/stage.js';
import { DocumentWriter, jsonArtifact, textArtifact } from '../../step/documents.js';
import { BuildFault, builtAgentName, defineStep, toAgentName } from '../../step/step.js';
import { writePlan } from './offline.js';
import { type Plan, PLAN_TASK } from './prompt.js';

/** Reads the intent, names the project and the agent, and plans the build. */
export const step = defineStep({
  name: 'orchestrator',
  prompt: PLAN_TASK,
  offline: writePlan,
  uses: [DocumentWriter],
  run: async (context, writer) => {
    context.log('info', `Reading a requirement of ${context.requirement.length} characters`);
    const { requirement, project_name } = context;
    const { document, ...spent } = await writer.write(context, PLAN_TASK, {
      requirement,
      project_name,
    });
    if (document.refusal !== null) throw refused(document.refusal);
    const agent_name = builtAgentName(context, toAgentName(document.agent.name));
    const { revision } = context;
    const { display_name } = revision?.definition ?? document.agent;
    const plan = { ...document, agent: { ...document.agent, name: agent_name, display_name } };
    context.log('info', `Intent: ${plan.intent.type}. ${plan.intent.reason}`);
    for (const note of plan.notes) context.log('warning', note);
    context.log('info', `The agent is called ${agent_name}, category ${plan.agent.category}`);
    if (revision) context.log('info', `This build changes ${revision.agent_id}, version ${revision.version}`);
    const brief = revision ? [textArtifact(PATHS.revision, 'application/json', JSON.stringify(revision))] : [];
    return {
      artifacts: [jsonArtifact(PATHS.plan, plan), ...brief],
      output_data: {
        intent: plan.intent.type,
        project_name: plan.project.name,
        agent_name,
        category: plan.agent.category,
        notes: plan.notes,
      },
      ...spent,
      tool_calls: 0,
      project_name: plan.project.name,
      agent_name,
    };
  },
});

/** Another attempt would be refused again. */
function refused({ rule, reason }: NonNullable<Plan['refusal']>): BuildFault {
  return new BuildFault(`The requirement was refused by rule ${rule}. ${reason}`, {
    code: 'REQUIREMENT_REFUSED',
    details: { rule, reason, policy: 'docs/requirement-policy.md' },
    suggestion: 'Create a project for a purpose that the policy allows.',
  });
}
