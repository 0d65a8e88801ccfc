import { Module } from '@nestjs/common';
import { StagesController } from './stages.controller.js';

/** Serves the table of stages. The rules of stages are pure functions, so there is nothing to export. */
@Module({ controllers: [StagesController] })
export class StagesModule {}
