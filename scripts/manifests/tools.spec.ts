import { spawnSync } from 'node:child_process';
import { filesIn } from './files.js';

const shellScripts = [...filesIn('scripts', '.sh'), '.ci/run'];

/** What a program of this machine says; a machine without it has nothing to say, CI has them all. */
function check(program: string, ...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return error ? { status: 0, said: '' } : { status, said: status === 0 ? '' : stdout + stderr };
}

describe('what public tools say of the scripts and rules', () => {
  it.each(shellScripts)('%s is a shell script that bash can read and shellcheck approves', (script) => {
    expect(spawnSync('bash', ['-n', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(check('shellcheck', script)).toEqual({ status: 0, said: '' });
  });

  it('promtool accepts the scrape configuration and the rules, and the alerts fire in the situations that they are for', () => {
    expect(check('promtool', 'check', 'config', 'deploy/prometheus/prometheus.yml')).toEqual({ status: 0, said: '' });
    expect(check('promtool', 'check', 'rules', 'deploy/prometheus/alerts.yml')).toEqual({ status: 0, said: '' });
    expect(check('promtool', 'test', 'rules', 'deploy/prometheus/alerts.test.yml')).toEqual({ status: 0, said: '' });
  });
});
