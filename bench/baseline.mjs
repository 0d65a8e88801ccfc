// Nest + Express with no database: what the platform is measured against. One route that answers a small object.
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
