import { useTemporal } from './database.js';
import { TemporalServer } from './temporal-server.js';

/**
 * The Temporal server of `npm run test:temporal` and `npm run test:temporal-java`, one for all test files of a worker of Jest: `testSettings`
 * uses it. Loaded once.
 */
const server = await TemporalServer.start();
useTemporal(server.address);
process.once('exit', () => server.killNow());
