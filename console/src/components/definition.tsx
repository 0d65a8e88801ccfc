import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api, ApiError } from '../api/api';
import { editAgentDefinition, getAgentDefinition } from '../client/sdk.gen';
import type { AgentDto, DefinitionDto, EditDefinitionDto } from '../client/types.gen';
import { texts } from '../texts';
import { Editor } from './text';
import { ErrorBox, Loaded, notify } from './ui';

const t = texts.definition;

/** What the API lets a person change, beside the prompt. Documents are changed one by one. */
const FIELDS = [
  'display_name',
  'description',
  'role',
  'model_id',
  'tools',
  'team',
  'requires_approval',
  'output_schema',
  'guardrails',
  'memory',
  'limits',
] as const;

type Fields = Record<string, unknown>;

const fieldsOf = (definition: Fields): Fields =>
  Object.fromEntries(FIELDS.flatMap((name) => (name in definition ? [[name, definition[name]]] : [])));

/** Edits prompt, tools, model and limits directly. Saving makes a new version, which the agent then runs, or keeps for a rollout. */
export function EditDefinition({ agent }: { agent: AgentDto }): ReactElement {
  const { agent_id, revision } = agent;
  const query = useQuery({
    queryKey: ['agent', agent_id, 'definition', revision],
    queryFn: () => api(getAgentDefinition({ path: { agent_id } })),
  });
  return <Loaded query={query}>{(data) => <Form key={data.revision} {...data} runtime={agent.runtime} />}</Loaded>;
}

type FormProps = DefinitionDto & Pick<AgentDto, 'runtime'>;

function Form({ agent_id, revision, definition, version, runtime }: FormProps): ReactElement {
  const given = definition as unknown as Fields & { system_prompt: string };
  const written = JSON.stringify(fieldsOf(given), null, 2);
  const [prompt, setPrompt] = useState(given.system_prompt);
  const [text, setText] = useState(written);
  const [busy, setBusy] = useState<'activate' | 'keep'>();
  const [error, setError] = useState<unknown>();
  const queries = useQueryClient();
  const save = async (activate: boolean): Promise<void> => {
    setBusy(activate ? 'activate' : 'keep');
    setError(undefined);
    try {
      const next = parsed(text);
      const before = fieldsOf(given);
      const changed = Object.entries(next).filter(([name, value]) => !isSame(value, before[name]));
      const changes = {
        ...Object.fromEntries(changed),
        ...(prompt === given.system_prompt ? {} : { system_prompt: prompt }),
      };
      const body = { revision, activate, ...changes } as unknown as EditDefinitionDto;
      const { edited_version: made } = await api(editAgentDefinition({ path: { agent_id }, body }));
      await queries.invalidateQueries({ queryKey: ['agent', agent_id] });
      notify(activate ? t.saved(made) : t.kept(made));
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(undefined);
    }
  };
  const isChanged = prompt !== given.system_prompt || text !== written;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t.note(version)}
      </Text>
      <Textarea
        label={t.prompt}
        value={prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
        autosize
        minRows={6}
        maxRows={24}
      />
      <div>
        <Text size="sm" fw={500} mb={6}>
          {t.rest}
        </Text>
        <Editor value={text} onChange={setText} language="json" label={t.rest} height={360} />
      </div>
      {error !== undefined && <ErrorBox error={error} />}
      <Group>
        <Button loading={busy === 'activate'} disabled={!isChanged} onClick={() => void save(true)}>
          {t.save}
        </Button>
        <Button
          variant="default"
          loading={busy === 'keep'}
          disabled={!isChanged || runtime !== 'local'}
          onClick={() => void save(false)}
        >
          {t.keep}
        </Button>
        <Button
          variant="default"
          disabled={!isChanged}
          onClick={() => {
            setPrompt(given.system_prompt);
            setText(written);
            setError(undefined);
          }}
        >
          {t.discard}
        </Button>
      </Group>
    </Stack>
  );
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** @throws ApiError for text that is no object of the known fields, as the API would say it */
function parsed(text: string): Fields {
  const refuse = (message: string): never => {
    throw new ApiError(400, 'VALIDATION_ERROR', message, t.fixJson, undefined);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(t.noJson(String(error)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(t.noObject);
  const unknown = Object.keys(value).filter((name) => !FIELDS.some((field) => field === name));
  return unknown.length > 0 ? refuse(t.unknown(unknown.join(', '))) : (value as Fields);
}
