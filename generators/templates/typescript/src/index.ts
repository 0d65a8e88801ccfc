export * from './generated/index.js';
export * from './api.js';
export * from './pages.js';
