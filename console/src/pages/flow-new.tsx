import { Button, Group, Stack, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { createFlow, draftFlow } from '../client/sdk.gen';
import { readYaml, yamlOf, type Definition } from '../components/flow-definition';
import { FlowEditor } from '../components/flow-editor';
import { Icon } from '../components/icons';
import { ErrorBox, notify, Page as Frame, Section } from '../components/ui';
import { FLOW_TEMPLATES } from '../templates';
import { texts } from '../texts';

const t = texts.flowNew;

export function Page(): ReactElement {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [first] = FLOW_TEMPLATES;
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [text, setText] = useState<string>(first.yaml);
  const [definition, setDefinition] = useState<Definition | undefined>(() => readYaml(first.yaml).definition);
  const [requirement, setRequirement] = useState('');
  const [busy, setBusy] = useState<'draft' | 'save'>();
  const [error, setError] = useState<unknown>();
  const show = (yaml: string): void => {
    setText(yaml);
    setDefinition(readYaml(yaml).definition);
  };
  const act = async (what: 'draft' | 'save', action: () => Promise<void>): Promise<void> => {
    setBusy(what);
    setError(undefined);
    try {
      await action();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(undefined);
    }
  };
  const draft = async (): Promise<void> => {
    const found = await api(draftFlow({ body: { requirement } }));
    setName(found.name);
    setDescription(found.description);
    show(yamlOf(found.definition));
    notify(t.drafted(found.model));
  };
  const save = async (): Promise<void> => {
    if (!definition) return;
    const flow = await api(createFlow({ body: { name: name.trim(), description, definition } }));
    await queries.invalidateQueries({ queryKey: ['flows'] });
    await navigate({ to: `/flows/${flow.flow_id}` });
  };
  return (
    <Frame
      title={t.title}
      note={t.note}
      crumb={<Link to="/flows">{texts.nav.flows}</Link>}
      actions={
        <Button
          leftSection={<Icon name="save" />}
          loading={busy === 'save'}
          disabled={name.trim() === '' || definition === undefined}
          onClick={() => void act('save', save)}
        >
          {t.save}
        </Button>
      }
    >
      {error !== undefined && <ErrorBox error={error} />}
      <div className="split">
        <Stack gap="sm">
          <TextInput
            label={t.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            placeholder={t.namePlaceholder}
            withAsterisk
          />
          <TextInput
            label={t.description}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        </Stack>
        <Stack gap="xs">
          <Textarea
            label={t.draftLabel}
            description={t.draftHint}
            value={requirement}
            onChange={(event) => setRequirement(event.currentTarget.value)}
            autosize
            minRows={1}
            maxRows={6}
            placeholder={t.draftPlaceholder}
          />
          <Group gap={6}>
            <Button
              size="xs"
              variant="default"
              loading={busy === 'draft'}
              disabled={requirement.trim().length < 10}
              onClick={() => void act('draft', draft)}
            >
              {t.draft}
            </Button>
          </Group>
        </Stack>
      </div>
      <Section
        title={t.definition}
        actions={
          <Group gap={6}>
            {FLOW_TEMPLATES.map((template) => (
              <Button key={template.title} size="xs" variant="default" onClick={() => show(template.yaml)}>
                {template.title}
              </Button>
            ))}
          </Group>
        }
      >
        <FlowEditor
          text={text}
          onChange={(next, read) => {
            setText(next);
            setDefinition(read);
          }}
        />
      </Section>
    </Frame>
  );
}
