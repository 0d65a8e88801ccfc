import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpRequest } from '@smithy/core/protocols';

/** Sees every request for records of a client before it is sent. @returns ends the watch */
export function watchDatabase(client: DynamoDBClient, seen: (operation: string, input: string) => void): () => void {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request: HttpRequest, options) => {
    // Requests about tables have bodies of another kind.
    if (typeof request.body === 'string')
      seen(request.headers['x-amz-target']?.replace(/^.*\./, '') ?? '', request.body);
    return handle(request, options);
  };
  return () => {
    requestHandler.handle = handle;
  };
}
