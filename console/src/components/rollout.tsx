import { Button, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { getAgentRollout, promoteAgentRollout, setAgentRollout, stopAgentRollout } from '../client/sdk.gen';
import type { AgentDto, AgentVersionDto, RolloutDto, RolloutVersionDto } from '../client/types.gen';
import { count, duration, money, percent as share } from '../format';
import { texts } from '../texts';
import { Ago, DangerButton, ErrorBox, Loaded, notify, Section, Status } from './ui';

const t = texts.rollout;
const REFRESH_MS = 5_000;
const FIRST_SHARE = '10';

/** A version that answers a share of the sessions beside the current one: start it, compare the two, raise its share, end it. */
export function Rollout(props: {
  agent: AgentDto;
  versions: readonly AgentVersionDto[];
  mayChange: boolean;
}): ReactElement | null {
  const { agent, versions, mayChange } = props;
  const { agent_id } = agent;
  const isRunning = agent.rollout !== null;
  const [hasEnded, setEnded] = useState(false);
  const queries = useQueryClient();
  const queryKey = ['agent', agent_id, 'rollout'];
  const rollout = useQuery({
    queryKey,
    queryFn: () => api(getAgentRollout({ path: { agent_id } })),
    enabled: isRunning || hasEnded,
    refetchInterval: isRunning ? REFRESH_MS : false,
  });
  const [error, setError] = useState<unknown>();
  const change = async (request: () => Promise<RolloutDto>, told: string): Promise<void> => {
    setError(undefined);
    const changed = await request();
    setEnded(changed.status !== 'running');
    queries.setQueryData(queryKey, changed);
    await queries.invalidateQueries({ queryKey: ['agent', agent_id] });
    notify(told);
  };
  const others = versions.filter(({ current }) => !current).map(({ version }) => version);
  const mayStart = mayChange && !isRunning && agent.runtime === 'local' && others.length > 0;
  if (!isRunning && !hasEnded && !mayStart) return null;
  return (
    <Stack gap="sm">
      {(isRunning || hasEnded) && (
        <Loaded query={rollout} rows={3}>
          {(data) => (
            <Section
              title={t.title(data.candidate.version)}
              actions={
                <Group gap="xs">
                  <Status value={data.status} label={t.statuses[data.status]} />
                  <Text size="sm" c="dimmed" component="span">
                    <Ago at={data.ended_at ?? data.started_at} />
                  </Text>
                </Group>
              }
            >
              <Stack>
                <Comparison rollout={data} />
                {mayChange && data.status === 'running' && (
                  <Group align="flex-end">
                    <Share
                      key={data.candidate.percent}
                      label={t.share}
                      action={t.change}
                      initial={String(data.candidate.percent)}
                      onError={setError}
                      onSave={(percent) =>
                        change(
                          () => {
                            const body = { version: data.candidate.version, percent, revision: data.revision };
                            return api(setAgentRollout({ path: { agent_id }, body }));
                          },
                          t.changed(data.candidate.version, percent),
                        )
                      }
                    />
                    <Action
                      label={t.promote(data.candidate.version)}
                      onError={setError}
                      onClick={() =>
                        change(() => {
                          const body = { revision: data.revision };
                          return api(promoteAgentRollout({ path: { agent_id }, body }));
                        }, texts.agent.rolledBack(data.candidate.version))
                      }
                    />
                    <DangerButton
                      label={t.stop}
                      title={t.stopTitle(data.candidate.version)}
                      text={t.stopText(data.current.version)}
                      onConfirm={() =>
                        change(
                          () => api(stopAgentRollout({ path: { agent_id } })),
                          texts.agent.rolledBack(data.current.version),
                        )
                      }
                    />
                  </Group>
                )}
              </Stack>
            </Section>
          )}
        </Loaded>
      )}
      {mayStart && (
        <Start
          versions={others}
          onError={setError}
          onStart={(version, percent) =>
            change(
              () => api(setAgentRollout({ path: { agent_id }, body: { version, percent } })),
              t.changed(version, percent),
            )
          }
        />
      )}
      {error !== undefined && <ErrorBox error={error} />}
    </Stack>
  );
}

function Comparison({ rollout: { current, candidate } }: { rollout: RolloutDto }): ReactElement {
  const rows: [string, (version: RolloutVersionDto) => string][] = [
    [t.share, ({ percent }) => share(percent)],
    [texts.agents.calls, ({ total_invocations }) => count(total_invocations)],
    [texts.agents.successRate, ({ success_rate }) => share(success_rate)],
    [t.failed, ({ failed_invocations }) => count(failed_invocations)],
    [texts.agent.typicalTime, ({ avg_duration_ms }) => duration(avg_duration_ms)],
    [t.p95, ({ p95_duration_ms }) => duration(p95_duration_ms)],
    [texts.agent.tokens, ({ input_tokens, output_tokens }) => count(input_tokens + output_tokens)],
    [t.cost, costOf],
  ];
  return (
    <div className="scroll-x">
      <Table aria-label={t.comparison(current.version, candidate.version)} maw={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Td />
            <Table.Th scope="col">{texts.agent.currentVersion(current.version)}</Table.Th>
            <Table.Th scope="col">{t.candidate(candidate.version)}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td>{value(current)}</Table.Td>
              <Table.Td>{value(candidate)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** A sum that lacks calls without a known price is marked. */
function costOf({ cost_usd, unpriced_invocations, total_invocations }: RolloutVersionDto): string {
  if (total_invocations > 0 && unpriced_invocations === total_invocations) return money(null);
  return unpriced_invocations > 0 ? t.atLeast(money(cost_usd)) : money(cost_usd);
}

interface StartProps {
  versions: readonly string[];
  onStart: (version: string, percent: number) => Promise<void>;
  onError: (error: unknown) => void;
}

function Start({ versions, onStart, onError }: StartProps): ReactElement {
  const [version, setVersion] = useState<string>();
  const chosen = version !== undefined && versions.includes(version) ? version : (versions[0] ?? '');
  return (
    <Group align="flex-end">
      <Select
        label={t.version}
        data={[...versions]}
        value={chosen}
        onChange={(value) => setVersion(value ?? undefined)}
        allowDeselect={false}
        w={190}
      />
      <Share
        label={t.share}
        action={t.start}
        initial={FIRST_SHARE}
        onError={onError}
        onSave={(percent) => onStart(chosen, percent)}
      />
    </Group>
  );
}

interface ShareProps {
  label: string;
  action: string;
  initial: string;
  onSave: (percent: number) => Promise<void>;
  onError: (error: unknown) => void;
}

function Share({ label, action, initial, onSave, onError }: ShareProps): ReactElement {
  const [percent, setPercent] = useState(initial);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    await onSave(Number(percent)).catch(onError);
    setBusy(false);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Group align="flex-end">
        <TextInput
          label={label}
          type="number"
          inputMode="numeric"
          min={1}
          max={99}
          value={percent}
          onChange={(event) => setPercent(event.currentTarget.value)}
          rightSection="%"
          w={150}
        />
        <Button type="submit" variant="default" loading={busy}>
          {action}
        </Button>
      </Group>
    </form>
  );
}

interface ActionProps {
  label: string;
  onClick: () => Promise<void>;
  onError: (error: unknown) => void;
}

function Action({ label, onClick, onError }: ActionProps): ReactElement {
  const [busy, setBusy] = useState(false);
  const act = async (): Promise<void> => {
    setBusy(true);
    await onClick().catch(onError);
    setBusy(false);
  };
  return (
    <Button loading={busy} onClick={() => void act()}>
      {label}
    </Button>
  );
}
