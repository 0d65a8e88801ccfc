import { Button, Code, Group, Modal, Stack, TagsInput, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { deleteAgentExample, listAgentExamples, saveAgentExample } from '../client/sdk.gen';
import { texts } from '../texts';
import { useMay } from './shell';
import { Ago, DangerButton, Empty, ErrorBox, Loaded, LinkButton, notify } from './ui';

const t = texts.examples;

interface SavedTurn {
  input: string;
  output: string;
  tools: readonly string[];
  invocation_id: string | undefined;
}

interface SaveExampleProps {
  agent_id: string;
  turn: SavedTurn;
  onClose: () => void;
}

/** As the platform compares: without regard to case and white space. */
const comparable = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();

/** Makes an acceptance example of a turn: what later answers to its message must satisfy. */
export function SaveExample({ agent_id, turn, onClose }: SaveExampleProps): ReactElement {
  const [contains, setContains] = useState<string[]>([]);
  const [absent, setAbsent] = useState<string[]>([]);
  const [tools, setTools] = useState<string[]>([...new Set(turn.tools)]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const queries = useQueryClient();
  const answer = comparable(turn.output);
  const failing = [
    ...contains.filter((one) => !answer.includes(comparable(one))),
    ...absent.filter((one) => answer.includes(comparable(one))),
  ];
  const checks = [
    ...contains.map((value) => ({ kind: 'contains' as const, value })),
    ...absent.map((value) => ({ kind: 'not_contains' as const, value })),
    ...tools.map((value) => ({ kind: 'uses_tool' as const, value })),
  ];
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { input, invocation_id } = turn;
      const from = invocation_id === undefined ? {} : { invocation_id };
      await api(saveAgentExample({ path: { agent_id }, body: { input, checks, ...from } }));
      await queries.invalidateQueries({ queryKey: ['agent', agent_id, 'examples'] });
      notify(t.saved);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={t.title} closeButtonProps={{ 'aria-label': texts.actions.close }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t.hint}
        </Text>
        <div>
          <Text size="sm" fw={500}>
            {t.input}
          </Text>
          <Text size="sm" className="plain-text">
            {turn.input}
          </Text>
        </div>
        <TagsInput
          label={t.contains}
          description={t.containsHint}
          value={contains}
          onChange={setContains}
          splitChars={[]}
          acceptValueOnBlur
          data-autofocus
        />
        <TagsInput label={t.absent} value={absent} onChange={setAbsent} splitChars={[]} acceptValueOnBlur />
        {turn.tools.length > 0 && (
          <TagsInput label={t.tools} data={[...new Set(turn.tools)]} value={tools} onChange={setTools} />
        )}
        {failing[0] !== undefined && (
          <Text size="sm" c="red" role="alert">
            {t.notNow(failing[0])}
          </Text>
        )}
        {checks.length === 0 && (
          <Text size="xs" c="dimmed">
            {t.needsCheck}
          </Text>
        )}
        {error !== undefined && <ErrorBox error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {texts.actions.cancel}
          </Button>
          <Button loading={busy} disabled={checks.length === 0} onClick={() => void save()}>
            {t.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** The saved examples of an agent: at most twenty, so they are read at once. */
export function Examples({ agent_id }: { agent_id: string }): ReactElement {
  const query = useQuery({
    queryKey: ['agent', agent_id, 'examples'],
    queryFn: () => api(listAgentExamples({ path: { agent_id }, query: { limit: 100 } })),
  });
  const queries = useQueryClient();
  const may = useMay('developer');
  return (
    <Loaded query={query}>
      {({ examples }) =>
        examples.length === 0 ? (
          <Empty
            icon="check"
            title={t.none}
            text={t.noneText}
            action={
              <LinkButton to="/playground" search={{ agent: agent_id }}>
                {texts.nav.playground}
              </LinkButton>
            }
          />
        ) : (
          <Stack>
            <Text size="sm" c="dimmed">
              {t.about}
            </Text>
            {examples.map(({ example_id, input, checks, invocation_id, created_at }) => (
              <Group key={example_id} justify="space-between" align="flex-start" className="example">
                <Stack gap={4} flex="1 1 260px">
                  <Text size="sm" className="plain-text">
                    {input}
                  </Text>
                  <Text size="xs" c="dimmed" component="div">
                    {checks.map(({ kind, value }, index) => (
                      <span key={index}>
                        {index > 0 && ' · '}
                        {t.checks[kind]} {value != null && <Code>{value}</Code>}
                      </span>
                    ))}
                  </Text>
                  <Text size="xs" c="dimmed" component="div">
                    <Ago at={created_at} />
                    {invocation_id !== null && (
                      <>
                        {' · '}
                        <Link to={`/runs/${invocation_id}`}>{t.run}</Link>
                      </>
                    )}
                  </Text>
                </Stack>
                {may && (
                  <DangerButton
                    compact
                    label={texts.actions.delete}
                    title={t.deleteTitle}
                    text={t.deleteText}
                    onConfirm={async () => {
                      await api(deleteAgentExample({ path: { agent_id, example_id } }));
                      await queries.invalidateQueries({ queryKey: ['agent', agent_id, 'examples'] });
                      notify(t.deleted);
                    }}
                  />
                )}
              </Group>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}
