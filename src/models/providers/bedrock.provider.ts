import type { Settings } from '../../platform/config/settings.js';
import { awsCredentials } from '../../platform/database/client/aws-credentials.js';
import { RemoteProvider } from '../remote/remote-provider.js';

/** `MODEL_PROVIDER=bedrock`: the Converse API of Amazon Bedrock, by a key of Bedrock or signed with AWS credentials. */
export function bedrockProvider(settings: Settings): RemoteProvider {
  return new RemoteProvider('bedrock', settings, async () => {
    const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
    const region = settings.get('AWS_REGION');
    const apiKey = settings.get('AWS_BEARER_TOKEN_BEDROCK');
    const baseURL = settings.get('BEDROCK_BASE_URL');
    return createAmazonBedrock({
      region,
      ...(baseURL === undefined ? {} : { baseURL }),
      ...(apiKey === undefined ? { credentialProvider: await awsCredentials(region) } : { apiKey }),
    });
  });
}
