// Nest + Express without a database, with one route that returns a small object: the baseline for the platform.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class BaselineController {
  read() {
    return { success: true, data: { id: 'baseline' }, timestamp: new Date().toISOString() };
  }
}
Get('baseline')(
  BaselineController.prototype,
  'read',
  Object.getOwnPropertyDescriptor(BaselineController.prototype, 'read'),
);
Controller()(BaselineController);

class BaselineModule {}
Module({ controllers: [BaselineController] })(BaselineModule);

const app = await NestFactory.create(BaselineModule, { logger: false });
await app.listen(Number(process.env.API_PORT), '127.0.0.1');
