/** Ends the engine that the test files shared. */
export default async function stopEngine() {
  await globalThis.sharedEngine?.stop();
}
