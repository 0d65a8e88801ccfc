import { Module } from '@nestjs/common';
import { StagesController } from './stages.controller.js';

/** The six stages: what they are and what they weigh. The rules are pure functions, so there is nothing to export. */
@Module({ controllers: [StagesController] })
export class StagesModule {}
