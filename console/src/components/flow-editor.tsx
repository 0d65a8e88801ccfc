import { Alert, Group, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listAgents, listFlows, listIntegrations, listOperations, validateFlow } from '../client/sdk.gen';
import { texts } from '../texts';
import { allSteps, graphOf, readYaml, wordsAt, type Definition } from './flow-definition';
import { Icon } from './icons';
import { Editor, Graph, type EditorFault } from './text';

const t = texts.flowEditor;

/** What can be referred to in a definition, for completion. */
const useNames = (): Readonly<Record<string, readonly string[]>> => {
  const { data } = useQuery({
    queryKey: ['flow-editor', 'names'],
    staleTime: 60_000,
    queryFn: async () => {
      const [agents, { integrations }, flows] = await Promise.all([
        api(listAgents({ query: { limit: 100 } })),
        api(listIntegrations({ query: { limit: 50 } })),
        api(listFlows({ query: { limit: 100, status: 'published' } })),
      ]);
      const operations = await Promise.all(
        integrations
          .slice(0, 8)
          .map(({ integration_id }) => api(listOperations({ path: { integration_id }, query: { limit: 100 } }))),
      );
      return {
        agent_id: agents.agents.map(({ agent_id }) => agent_id),
        integration: integrations.map(({ name }) => name),
        operation: operations.flatMap((page) => page.operations.map(({ name }) => name)),
        flow_id: flows.flows.map(({ flow_id }) => flow_id),
      };
    },
  });
  return data ?? {};
};

/**
 * A definition as YAML beside its graph. Faults of the text are found at once, those of its meaning by the API.
 * @param onChange undefined: the text cannot be read as a definition
 */
export function FlowEditor(props: {
  text: string;
  onChange: (text: string, definition: Definition | undefined) => void;
}): ReactElement {
  const { text, onChange } = props;
  const [selected, setSelected] = useState<string>();
  const read = useMemo(() => readYaml(text), [text]);
  const [settled] = useDebouncedValue(read, 400);
  const checked = useQuery({
    queryKey: ['flow-editor', 'faults', settled.definition],
    enabled: settled.definition !== undefined,
    placeholderData: (previous) => previous,
    queryFn: () => api(validateFlow({ body: { definition: settled.definition ?? {} } })),
  });
  const found = read.definition === undefined ? [] : (checked.data?.faults ?? []);
  const faults = useMemo(
    (): EditorFault[] => [
      ...read.faults,
      ...found.map(({ path, message }) => ({ line: read.lineOf(path), message: `${path}: ${message}` })),
    ],
    [read, found],
  );
  // While the text is broken, the graph stays as it was.
  const [drawn, setDrawn] = useState(read.definition);
  if (read.definition !== undefined && read.definition !== drawn) setDrawn(read.definition);
  const graph = useMemo(() => graphOf(drawn ?? {}), [drawn]);
  const names = useNames();
  const ids = useMemo(() => allSteps(drawn?.steps).map(({ id }) => id), [drawn]);
  const complete = useCallback(
    (path: readonly string[], field: string | undefined) => wordsAt(path, field, { ...names, needs: ids, goto: ids }),
    [names, ids],
  );
  return (
    <div className="split" style={{ '--left': '1.25fr', '--right': '1fr' } as React.CSSProperties}>
      <Stack gap="sm">
        <Editor
          value={text}
          onChange={(next) => onChange(next, readYaml(next).definition)}
          language="yaml"
          label={t.label}
          faults={faults}
          words={complete}
          height={520}
        />
        <Text size="xs" c="dimmed">
          {t.hint}
        </Text>
      </Stack>
      <Stack gap="sm">
        <Graph
          nodes={graph.nodes}
          edges={graph.edges}
          label={t.graph}
          direction="TB"
          height={faults.length > 0 ? 340 : 520}
          selected={selected}
          onSelect={setSelected}
        />
        <div aria-live="polite">
          {faults.length === 0 ? (
            <Group gap={6} wrap="nowrap" align="flex-start">
              <Icon name="check" size={14} />
              <Text size="sm" c="dimmed">
                {checked.isFetching ? t.checking : t.valid}
              </Text>
            </Group>
          ) : (
            <Alert color="orange" variant="light" icon={<Icon name="alert" />} title={t.faults(faults.length)}>
              <ul className="plain-list fault-list">
                {read.faults.map(({ line, message }) => (
                  <li key={`${line}${message}`}>
                    <strong>{t.line(line)}</strong> {message}
                  </li>
                ))}
                {found.map(({ path, message, suggestion }) => (
                  <li key={`${path}${message}`}>
                    <strong>{t.line(read.lineOf(path))}</strong> {message} {suggestion}
                  </li>
                ))}
              </ul>
            </Alert>
          )}
        </div>
      </Stack>
    </div>
  );
}
