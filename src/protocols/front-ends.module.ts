import { Module } from '@nestjs/common';
import { InvocationsModule } from '../invocations/invocations.module.js';
import { AiSdkController } from './ai-sdk/ai-sdk.controller.js';
import { AgUiController } from './ag-ui/ag-ui.controller.js';

/** Protocols of chat front ends. */
@Module({ imports: [InvocationsModule], controllers: [AgUiController, AiSdkController] })
export class FrontEndsModule {}
