import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { AttemptDeadline } from './attempt-deadline.js';

type Part = LanguageModelV4StreamPart;

/**
 * The parts of an answer as they come, one per pull. A stream that pauses for too long is ended; a reader that leaves ends
 * the request. Whatever breaks the stream becomes what `translate` makes of it.
 */
export function watchedStream(
  source: ReadableStream<Part>,
  deadline: AttemptDeadline,
  translate: (error: unknown) => unknown,
): ReadableStream<Part> {
  const reader = source.getReader();
  return new ReadableStream<Part>({
    async pull(controller) {
      try {
        deadline.extend();
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value.type === 'error' ? broken(value.error) : value);
        deadline.close();
        controller.close();
      } catch (error) {
        deadline.close();
        controller.error(translate(error));
      }
    },
    async cancel(reason) {
      deadline.close();
      deadline.cancel();
      await reader.cancel(reason);
    },
  });

  function broken(error: unknown): Part {
    return { type: 'error', error: translate(error) };
  }
}
