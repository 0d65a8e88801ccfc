/** States of a project in the words of the task queue that older clients know. */
export function legacyTaskStatus(status: string): 'pending' | 'started' | 'success' | 'failure' {
  switch (status) {
    case 'completed':
      return 'success';
    case 'failed':
      return 'failure';
    case 'pending':
      return 'pending';
    default:
      return 'started';
  }
}
