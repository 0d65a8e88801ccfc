/**
 * Loads a library when it is first needed, once. Most processes serve for long without some of the large ones, and what is
 * loaded is alive in every collection of garbage. A load that failed is tried again by the next who needs it.
 */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    }));
}
