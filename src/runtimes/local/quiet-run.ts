import type { StepResult, ToolSet } from 'ai';
import { aiSdk } from '../../models/ai-sdk.js';
import type { RunDeadline } from './run-bounds.js';
import type { RunEvents } from './run-events.js';
import type { RunOptions } from './run-options.js';

/**
 * The same loop of model and tools without streams, for a run whose events are not read: the streams of the SDK cost more
 * than an offline model's answer. The trace and the result are the same.
 */
export async function runQuietly(options: RunOptions, events: RunEvents, deadline: RunDeadline): Promise<void> {
  const { generateText } = await aiSdk();
  await deadline.within(
    generateText({
      ...options,
      onToolExecutionStart: ({ toolCall }) => {
        events.toolStarted(toolCall.toolCallId, toolCall.toolName, toolCall.input as unknown);
      },
      onToolExecutionEnd: ({ toolCall, toolOutput }) => {
        const outcome =
          toolOutput.type === 'tool-error' ? { failure: toolOutput.error } : { output: toolOutput.output as unknown };
        events.toolFinished(toolCall.toolCallId, toolCall.toolName, outcome);
      },
      onStepEnd: (step) => {
        refusedCalls(step, events);
        for (const call of step.toolCalls)
          if (call.invalid !== true && events.isCallers(call.toolName)) events.callerCalled(call);
        events.text(step.text);
        events.stepFinished(step);
      },
    }),
  );
}

/** Calls of unknown tools or with wrong arguments never run, so no execution reports them. */
function refusedCalls(step: StepResult<ToolSet>, events: RunEvents): void {
  for (const part of step.content) {
    if (
      part.type !== 'tool-error' ||
      !step.toolCalls.some((call) => call.toolCallId === part.toolCallId && call.invalid)
    )
      continue;
    events.toolStarted(part.toolCallId, part.toolName, part.input as unknown);
    events.toolFinished(part.toolCallId, part.toolName, { failure: part.error });
  }
}
