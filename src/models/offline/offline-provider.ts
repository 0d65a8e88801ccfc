import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { ModelProvider } from '../model-provider.js';
import { OFFLINE_MODEL_ID, OfflineModel } from './offline-model.js';
import { OfflineWriters } from './offline-writers.js';

/** `MODEL_PROVIDER=offline`: needs no key and no network. */
@Injectable()
export class OfflineProvider extends ModelProvider {
  override readonly name = 'offline';
  override readonly defaultModelId = OFFLINE_MODEL_ID;
  private readonly model: OfflineModel;

  constructor(writers: OfflineWriters) {
    super();
    this.model = new OfflineModel(writers);
  }

  override serves(modelId: string): boolean {
    return modelId === OFFLINE_MODEL_ID;
  }

  override languageModel(): LanguageModelV4 {
    return this.model;
  }
}
