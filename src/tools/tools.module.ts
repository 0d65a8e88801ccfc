import { Module } from '@nestjs/common';
import { ToolCatalogue } from './tool-catalogue.js';

@Module({ providers: [ToolCatalogue], exports: [ToolCatalogue] })
export class ToolsModule {}
