import { Button, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { getModels, testModel } from '../client/sdk.gen';
import { duration } from '../format';
import { texts } from '../texts';
import { useMay } from './shell';
import { Empty, ErrorBox, Loaded, Section, Status } from './ui';

const t = texts.models;

/** A button that makes one small call of a model and says whether it answers, or what to do. */
export function ModelTest({ model_id }: { model_id?: string | undefined }): ReactElement {
  const test = useMutation({
    mutationFn: (id: string | undefined) => api(testModel({ body: id === undefined ? {} : { model_id: id } })),
  });
  const { data } = test;
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate(model_id)}>
          {t.test}
        </Button>
        {data && !test.isPending && (
          <Group gap={6} role="status">
            <Status value={data.ok ? 'healthy' : 'failed'} label={data.ok ? t.answers : t.fails} />
            <Text size="xs" c="dimmed">
              {t.result(data.model, data.provider, duration(data.latency_ms))}
            </Text>
          </Group>
        )}
      </Group>
      {data?.error && !test.isPending && (
        <Text size="sm">
          {data.error.message}. {data.error.suggestion}
        </Text>
      )}
      {test.error !== null && !test.isPending && <ErrorBox error={test.error} />}
    </Stack>
  );
}

/** Providers, with a test of each, and the models whose price is known. */
export function ModelOffer(): ReactElement {
  const query = useQuery({ queryKey: ['models'], queryFn: () => api(getModels()) });
  const [words, setWords] = useState('');
  const [tried, setTried] = useState('');
  const may = useMay('developer');
  return (
    <Loaded query={query}>
      {({ default_model, providers, prices }) => {
        const shown = prices.filter(({ id }) => id.toLowerCase().includes(words.trim().toLowerCase()));
        return (
          <div className="split">
            <Section title={t.providers}>
              <Stack gap="sm">
                <dl className="facts">
                  <dt>{t.defaultModel}</dt>
                  <dd>{default_model}</dd>
                  {providers.map(({ name, is_default, state }) => (
                    <Provider key={name} name={name} isDefault={is_default} state={state} />
                  ))}
                </dl>
                {may && (
                  <>
                    <TextInput
                      label={t.testLabel}
                      description={t.testHint}
                      placeholder={default_model}
                      value={tried}
                      onChange={(event) => setTried(event.currentTarget.value)}
                    />
                    <ModelTest model_id={tried.trim() === '' ? undefined : tried.trim()} />
                  </>
                )}
              </Stack>
            </Section>
            <Section title={t.prices}>
              <Stack gap="sm">
                <TextInput
                  size="xs"
                  aria-label={t.filter}
                  placeholder={t.filter}
                  value={words}
                  onChange={(event) => setWords(event.currentTarget.value)}
                />
                {shown.length === 0 ? (
                  <Empty icon="model" title={t.noPrice} text={t.noPriceText} />
                ) : (
                  <div className="prices" tabIndex={0} role="region" aria-label={t.prices}>
                    <Table stickyHeader>
                      <Table.Thead>
                        <Table.Tr>
                          <Table.Th>{t.model}</Table.Th>
                          <Table.Th ta="right">{t.input}</Table.Th>
                          <Table.Th ta="right">{t.output}</Table.Th>
                        </Table.Tr>
                      </Table.Thead>
                      <Table.Tbody>
                        {shown.map(({ id, input_usd, output_usd }) => (
                          <Table.Tr key={id}>
                            <Table.Td>{id}</Table.Td>
                            <Table.Td ta="right">${input_usd}</Table.Td>
                            <Table.Td ta="right">${output_usd}</Table.Td>
                          </Table.Tr>
                        ))}
                      </Table.Tbody>
                    </Table>
                  </div>
                )}
                <Text size="xs" c="dimmed">
                  {t.pricesHint}
                </Text>
              </Stack>
            </Section>
          </div>
        );
      }}
    </Loaded>
  );
}

function Provider({ name, isDefault, state }: { name: string; isDefault: boolean; state: string }): ReactElement {
  return (
    <>
      <dt>{isDefault ? t.isDefault(name) : name}</dt>
      <dd>
        <Status value={state === 'open' ? 'failed' : 'healthy'} label={t.states[state] ?? state} />
      </dd>
    </>
  );
}
