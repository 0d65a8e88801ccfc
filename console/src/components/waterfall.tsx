import { Badge, Box, Group, Stack, Tabs, Text } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { count, duration, money } from '../format';
import { texts } from '../texts';
import { Icon, type IconName } from './icons';
import { JsonView } from './text';

/** One bar: a call of a model or a tool, a step of a flow, a stage of a build. */
export interface Span {
  id: string;
  name: string;
  kind: 'model' | 'tool' | 'step' | 'wait';
  /** Milliseconds since the run began. */
  start: number;
  /** Milliseconds; undefined while it runs. */
  length: number | undefined;
  status: 'success' | 'failed' | 'running' | 'waiting';
  input?: unknown;
  output?: unknown;
  error?: string | undefined;
  tokens?: { input: number; output: number } | undefined;
  cost_usd?: number | null | undefined;
  /** Short facts beside the name, such as an attempt. */
  note?: string | undefined;
  /** How deep it stands under others, from 0. */
  depth?: number;
}

const ICONS: Readonly<Record<Span['kind'], IconName>> = { model: 'model', tool: 'tool', step: 'flows', wait: 'clock' };
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The one picture of a run, wherever it ran: what happened when, for how long, with what input and output. */
export function Waterfall({ spans, total }: { spans: readonly Span[]; total?: number | undefined }): ReactElement {
  const [open, setOpen] = useState<string>();
  const end = Math.max(total ?? 0, 1, ...spans.map(({ start, length }) => start + (length ?? 0)));
  return (
    <Box className="waterfall">
      <div className="waterfall-axis" aria-hidden="true">
        {TICKS.map((tick) => (
          <span key={tick} style={{ left: `${tick * 100}%` }}>
            {duration(end * tick)}
          </span>
        ))}
      </div>
      <ol className="waterfall-rows">
        {spans.map((span) => {
          const { id, name, kind, start, length, status, note, depth = 0 } = span;
          const isOpen = open === id;
          return (
            <li key={id}>
              <button
                type="button"
                className="waterfall-row"
                aria-expanded={isOpen}
                onClick={() => setOpen(isOpen ? undefined : id)}
              >
                <span className="waterfall-name" style={{ paddingInlineStart: depth * 14 }}>
                  <Icon name={ICONS[kind]} size={14} />
                  <span className="ellipsis">{name}</span>
                  {note !== undefined && <span className="waterfall-note">{note}</span>}
                </span>
                <span className="waterfall-track" aria-hidden="true">
                  <span
                    className="waterfall-bar"
                    data-kind={kind}
                    data-status={status}
                    style={{
                      left: `${(start / end) * 100}%`,
                      width: `${Math.max(((length ?? end - start) / end) * 100, 0.6)}%`,
                    }}
                  />
                </span>
                <span className="waterfall-time">
                  {status === 'failed' && <span className="visually-hidden">{texts.statuses['failed']}, </span>}
                  {length === undefined ? '…' : duration(length)}
                </span>
              </button>
              {isOpen && <SpanDetails span={span} />}
            </li>
          );
        })}
      </ol>
    </Box>
  );
}

function SpanDetails({ span }: { span: Span }): ReactElement {
  const { input, output, error, tokens, cost_usd } = span;
  const has = (value: unknown): boolean => value !== undefined && value !== null;
  return (
    <Stack gap="xs" className="waterfall-details">
      <Group gap="xs">
        {tokens && <Badge color="gray">{texts.waterfall.tokens(count(tokens.input), count(tokens.output))}</Badge>}
        {has(cost_usd) && <Badge color="gray">{money(cost_usd)}</Badge>}
        <Badge color="gray">{texts.waterfall.startedAfter(duration(span.start))}</Badge>
      </Group>
      {error !== undefined && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
      {(has(input) || has(output)) && (
        <Tabs defaultValue={has(output) ? 'output' : 'input'} keepMounted={false}>
          <Tabs.List>
            {has(output) && <Tabs.Tab value="output">{texts.waterfall.output}</Tabs.Tab>}
            {has(input) && <Tabs.Tab value="input">{texts.waterfall.input}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="output" pt="xs">
            <JsonView value={output} label={texts.waterfall.output} />
          </Tabs.Panel>
          <Tabs.Panel value="input" pt="xs">
            <JsonView value={input} label={texts.waterfall.input} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Stack>
  );
}

interface TraceStep {
  step: number;
  agent?: string;
  type: string;
  name: string;
  input?: unknown;
  output?: unknown;
  error?: string;
  started_at: string;
  duration_ms: number;
}

/** The name of a called tool, after the member of the team that called it. */
export const calledBy = ({ agent, tool }: { agent?: string; tool: string }): string =>
  agent === undefined ? tool : `${agent}: ${tool}`;

/** The spans of an invocation's trace. @param began when the run was created, ISO 8601 */
export function spansOfTrace(steps: readonly TraceStep[], began: string): Span[] {
  const zero = new Date(began).getTime();
  return steps.map((step) => ({
    id: String(step.step),
    name: step.name,
    kind: step.type === 'model' ? 'model' : 'tool',
    start: Math.max(0, new Date(step.started_at).getTime() - zero),
    length: step.duration_ms,
    status: step.error === undefined ? 'success' : 'failed',
    ...(step.agent === undefined ? {} : { note: step.agent, depth: 1 }),
    input: step.input,
    output: step.output,
    error: step.error,
    tokens: tokensOf(step.output),
  }));
}

function tokensOf(output: unknown): Span['tokens'] {
  if (typeof output !== 'object' || output === null || !('usage' in output)) return undefined;
  const { input_tokens, output_tokens } = output.usage as { input_tokens?: unknown; output_tokens?: unknown };
  return typeof input_tokens === 'number' && typeof output_tokens === 'number'
    ? { input: input_tokens, output: output_tokens }
    : undefined;
}
