import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: '/console/',
  // The platform puts a fresh nonce in this place of every answer; see src/platform/http/front-page.ts.
  html: { cspNonce: '__NONCE__' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000', '/health': 'http://127.0.0.1:8000' } },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node' },
});
