import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Settings } from '../../platform/config/settings.js';
import { ModelProvider, type ProviderState } from '../model-provider.js';
import { CallPolicy } from './call-policy.js';
import { RemoteModel } from './remote-model.js';

/** Ids come from callers, so what is kept of them is bounded. */
const KEPT_MODELS = 100;
const SERVABLE = /^[A-Za-z0-9][\w.:/@+-]{0,199}$/;

/** Makes models of a provider's SDK by id. */
export type ModelFactory = (modelId: string) => LanguageModelV4;

/** A provider behind a network. Its SDK is loaded with the first call of one of its models. */
export class RemoteProvider extends ModelProvider {
  override readonly defaultModelId: string;
  private readonly policy: CallPolicy;
  private readonly models = new Map<string, LanguageModelV4>();
  private factory: Promise<ModelFactory> | undefined;

  constructor(
    override readonly name: string,
    private readonly settings: Settings,
    private readonly connect: () => Promise<ModelFactory>,
  ) {
    super();
    this.defaultModelId = settings.get('MODEL_ID') ?? '';
    this.policy = new CallPolicy({
      retries: settings.get('MODEL_MAX_RETRIES'),
      breakerFailures: settings.get('MODEL_BREAKER_FAILURES'),
      breakerSeconds: settings.get('MODEL_BREAKER_SECONDS'),
    });
  }

  override get state(): ProviderState {
    return this.policy.state;
  }

  /** Only the provider knows its models; what cannot be an id at all is refused before it is asked. */
  override serves(modelId: string): boolean {
    return SERVABLE.test(modelId) && !modelId.startsWith('nexus/');
  }

  override languageModel(modelId: string): LanguageModelV4 {
    const known = this.models.get(modelId);
    if (known) return known;
    const timeoutMs = this.settings.get('MODEL_TIMEOUT_SECONDS') * 1000;
    const model = new RemoteModel(this.name, modelId, () => this.load(modelId), this.policy, timeoutMs);
    this.models.set(modelId, model);
    const [oldest] = this.models.keys();
    if (this.models.size > KEPT_MODELS && oldest !== undefined) this.models.delete(oldest);
    return model;
  }

  private async load(modelId: string): Promise<LanguageModelV4> {
    this.factory ??= this.connect();
    return (await this.factory)(modelId);
  }
}
