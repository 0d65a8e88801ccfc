import {
  Alert,
  Button,
  Checkbox,
  Collapse,
  Group,
  NumberInput,
  Radio,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { createProject, getDetailedHealth } from '../client/sdk.gen';
import { Icon } from '../components/icons';
import { ModelTest } from '../components/models';
import { useMay } from '../components/shell';
import { ErrorBox, Page as Frame, Section, Status } from '../components/ui';
import { TEMPLATES } from '../templates';
import { texts } from '../texts';

const t = texts.newAgent;
const SHORTEST = 10;
const LONGEST = 5_000;

/** What a good requirement has. Each is found by a plain sign, so that the hint follows the typing. */
const PARTS: readonly { label: string; isThere: (text: string) => boolean }[] = [
  {
    label: t.parts.task,
    isThere: (text) =>
      /\b(?:that|which|who|to|for|should|must|answers?|converts?|calculates?)\b/i.test(text) && text.trim().length > 30,
  },
  {
    label: t.parts.facts,
    isThere: (text) => /\d|\b(?:our|we|every|is|are)\b.*[.]/i.test(text) && text.split(/[.!?]\s/).length > 1,
  },
  {
    label: t.parts.rules,
    isThere: (text) => /\b(?:must|never|always|only|at most|do not|don’t|don't|polite|tone)\b/i.test(text),
  },
];

export function Page(): ReactElement {
  const search: { requirement?: string } = useSearch({ strict: false });
  const [requirement, setRequirement] = useState(search.requirement ?? '');
  const [choice, setChoice] = useState<'default' | 'own'>('default');
  const [model, setModel] = useState('');
  const [name, setName] = useState('');
  const [priority, setPriority] = useState(3);
  const [unproven, setUnproven] = useState(false);
  const [isMore, setMore] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const may = useMay('developer');
  const length = requirement.trim().length;
  const isReady = length >= SHORTEST && length <= LONGEST && may && (choice === 'default' || model.trim() !== '');

  const build = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const project = await api(
        createProject({
          body: {
            requirement: requirement.trim(),
            priority,
            ...(choice === 'own' ? { model_id: model.trim() } : {}),
            ...(name.trim() === '' ? {} : { agent_name: name.trim() }),
            ...(unproven ? { accept_unproven: true } : {}),
          },
        }),
      );
      void queries.invalidateQueries({ queryKey: ['projects'] });
      await navigate({ to: '/builds/$projectId', params: { projectId: project.project_id } });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };

  return (
    <Frame title={texts.nav.newAgent} note={t.note}>
      <div className="split" style={{ '--left': '1.6fr', '--right': '1fr' } as React.CSSProperties}>
        <Stack gap="lg">
          <Section>
            <Stack>
              <Textarea
                label={t.requirement}
                description={t.requirementHint}
                value={requirement}
                onChange={(event) => setRequirement(event.currentTarget.value)}
                autosize
                minRows={7}
                maxRows={18}
                maxLength={LONGEST}
                data-autofocus
              />
              <Group justify="space-between" gap="xs">
                <Group gap="md" component="ul" className="bare" aria-label={t.partsLabel}>
                  {PARTS.map(({ label, isThere }) => {
                    const found = isThere(requirement);
                    return (
                      <li key={label} className="hint" data-found={found}>
                        <Icon name={found ? 'check' : 'more'} size={14} />
                        {label}
                        <span className="visually-hidden">{found ? t.partFound : t.partMissing}</span>
                      </li>
                    );
                  })}
                </Group>
                <Text size="xs" c="dimmed">
                  {t.length(length, LONGEST)}
                </Text>
              </Group>
              <ModelChoice choice={choice} setChoice={setChoice} model={model} setModel={setModel} />
              <div>
                <Button
                  variant="subtle"
                  size="xs"
                  px={4}
                  onClick={() => setMore(!isMore)}
                  aria-expanded={isMore}
                  rightSection={<Icon name="down" size={14} />}
                >
                  {t.more}
                </Button>
                <Collapse expanded={isMore} transitionDuration={0}>
                  <Stack pt="xs">
                    <TextInput
                      label={t.name}
                      description={t.nameHint}
                      value={name}
                      onChange={(event) => setName(event.currentTarget.value)}
                    />
                    <NumberInput
                      label={t.priority}
                      description={t.priorityHint}
                      min={1}
                      max={5}
                      value={priority}
                      onChange={(value) => setPriority(Number(value) || 3)}
                      maw={220}
                    />
                    <Checkbox
                      label={t.unproven}
                      description={t.unprovenHint}
                      checked={unproven}
                      onChange={(event) => setUnproven(event.currentTarget.checked)}
                    />
                  </Stack>
                </Collapse>
              </div>
              {error !== undefined && <ErrorBox error={error} />}
              {!may && <Alert color="yellow">{t.notAllowed}</Alert>}
              <Group justify="flex-end">
                <Button
                  size="md"
                  loading={busy}
                  disabled={!isReady}
                  onClick={() => void build()}
                  leftSection={<Icon name="builds" />}
                >
                  {t.build}
                </Button>
              </Group>
            </Stack>
          </Section>
        </Stack>
        <Section title={t.examples}>
          <Stack gap={6}>
            {TEMPLATES.map((template) => (
              <button
                type="button"
                key={template.title}
                className="template"
                onClick={() => setRequirement(template.requirement)}
              >
                <span>
                  <strong>{template.title}</strong>
                  {!template.isOffline && <em>{t.needsModel}</em>}
                </span>
                <small>{template.note}</small>
              </button>
            ))}
          </Stack>
        </Section>
      </div>
    </Frame>
  );
}

interface ChoiceProps {
  choice: 'default' | 'own';
  setChoice: (choice: 'default' | 'own') => void;
  model: string;
  setModel: (model: string) => void;
}

/** The platform's model or another one, whether it answers, and what the offline model cannot do. */
function ModelChoice({ choice, setChoice, model, setModel }: ChoiceProps): ReactElement {
  const health = useQuery({
    queryKey: ['health'],
    queryFn: () => api(getDetailedHealth()),
    enabled: true,
    staleTime: 30_000,
  });
  const check = health.data?.checks.model_provider;
  const isOffline = check?.message.startsWith('offline:') === true;
  return (
    <Stack gap="xs">
      <Radio.Group label={t.model} value={choice} onChange={(value) => setChoice(value)}>
        <Stack gap={6} mt={6}>
          <Radio value="default" label={t.modelDefault(isOffline)} />
          <Radio value="own" label={t.modelOwn} />
        </Stack>
      </Radio.Group>
      {choice === 'own' && (
        <TextInput
          label={t.modelId}
          description={t.modelIdHint}
          placeholder="anthropic:claude-sonnet-4-5"
          value={model}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
      )}
      <Group gap="sm">
        {check && (
          <Group gap={6} role="status">
            <Status value={check.status} />
            <Text size="xs" c="dimmed">
              {check.message}
            </Text>
          </Group>
        )}
        {health.error && <ErrorBox error={health.error} />}
      </Group>
      <ModelTest key={choice === 'own' ? model : ''} model_id={choice === 'own' ? model.trim() : undefined} />
      {choice === 'default' && isOffline && (
        <Alert color="indigo" title={t.offlineTitle}>
          <Text size="sm">{t.offlineCan}</Text>
          <Text size="sm" mt={4}>
            {t.offlineCannot}
          </Text>
        </Alert>
      )}
    </Stack>
  );
}
