import { Box, Progress, Text } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import { texts } from '../texts';
import { Icon } from './icons';

export interface Step {
  id: string;
  name: string;
  status: 'pending' | 'running' | 'completed' | 'failed' | 'skipped' | 'waiting';
  /** What it does or has come to, in a few words. */
  note?: ReactNode;
}

interface StepsProps {
  label: string;
  /** 0 to 100; undefined when it cannot be known. */
  percent?: number | undefined;
  steps: readonly Step[];
  selected?: string | undefined;
  onSelect?: ((id: string) => void) | undefined;
}

/** The one picture of progress: what is done, what runs, what is left. Each step can be selected where the page shows more of it. */
export function ProgressSteps({ label, percent, steps, selected, onSelect }: StepsProps): ReactElement {
  return (
    <Box>
      {percent !== undefined && (
        <Progress.Root size="sm" mb="sm" radius="xl">
          <Progress.Section value={percent} aria-label={label} />
        </Progress.Root>
      )}
      <ol className="steps" aria-label={label}>
        {steps.map(({ id, name, status, note }, index) => {
          const content = (
            <>
              <span className="step-mark" data-status={status} aria-hidden="true">
                {status === 'completed' ? (
                  <Icon name="check" size={13} />
                ) : status === 'failed' ? (
                  <Icon name="cross" size={13} />
                ) : (
                  index + 1
                )}
              </span>
              <span className="step-text">
                <Text span fw={600} size="sm">
                  {name}
                </Text>
                <span className="visually-hidden">, {texts.statuses[status] ?? status}</span>
                {note !== undefined && (
                  <Text span size="xs" c="dimmed">
                    {note}
                  </Text>
                )}
              </span>
            </>
          );
          return (
            <li key={id} aria-current={status === 'running' ? 'step' : undefined}>
              {onSelect ? (
                <button type="button" className="step" aria-pressed={selected === id} onClick={() => onSelect(id)}>
                  {content}
                </button>
              ) : (
                <span className="step">{content}</span>
              )}
            </li>
          );
        })}
      </ol>
    </Box>
  );
}
