import type { LanguageModelV4Content, LanguageModelV4StreamPart } from '@ai-sdk/provider';

/** What the offline model answers with. */
export type OfflineContent = Extract<LanguageModelV4Content, { type: 'text' | 'tool-call' }>;

/** The parts of an answer in order, one per pull, so that nothing is produced faster than it is read. An abort ends the stream with its reason. */
export function streamOf(
  head: LanguageModelV4StreamPart[],
  content: OfflineContent,
  tail: LanguageModelV4StreamPart,
  signal?: AbortSignal,
): ReadableStream<LanguageModelV4StreamPart> {
  const parts = [...head, ...partsOf(content), tail].values();
  return new ReadableStream({
    pull(controller) {
      if (signal?.aborted) return controller.error(signal.reason);
      const next = parts.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

function partsOf(content: OfflineContent): LanguageModelV4StreamPart[] {
  if (content.type === 'text') {
    const words = content.text.trim() === '' ? [] : content.text.split(/(?<=\S)(?=\s+\S)/);
    return [
      { type: 'text-start', id: '1' },
      ...words.map((delta) => ({ type: 'text-delta' as const, id: '1', delta })),
      { type: 'text-end', id: '1' },
    ];
  }
  const { toolCallId: id, toolName, input } = content;
  return [
    { type: 'tool-input-start', id, toolName },
    { type: 'tool-input-delta', id, delta: input },
    { type: 'tool-input-end', id },
    content,
  ];
}
