import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listCredentials } from '../client/sdk.gen';
import type { IntegrationDto } from '../client/types.gen';
import { sendDocument, SourceInput, type Source } from '../components/document-source';
import { ErrorBox, Page as Frame, Section } from '../components/ui';
import { texts } from '../texts';

const t = texts.integrationNew;

export function Page(): ReactElement {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [source, setSource] = useState<Source>();
  const [baseUrl, setBaseUrl] = useState('');
  const [credential, setCredential] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const credentials = useQuery({
    queryKey: ['credentials', 'choice'],
    queryFn: () => api(listCredentials({ query: { limit: 100 } })),
  });
  const add = async (): Promise<void> => {
    if (!source) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = (await sendDocument('POST', '/api/v1/integrations', source, {
        name: name.trim(),
        ...(baseUrl.trim() === '' ? {} : { base_url: baseUrl.trim() }),
        ...(credential === null ? {} : { credential_id: credential }),
      })) as IntegrationDto;
      await queries.invalidateQueries({ queryKey: ['integrations'] });
      await navigate({ to: `/integrations/${made.integration_id}` });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Frame title={t.title} note={t.note} crumb={<Link to="/integrations">{texts.nav.integrations}</Link>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <div className="split" style={{ '--left': '1.4fr', '--right': '1fr' } as React.CSSProperties}>
          <Section title={t.document}>
            <SourceInput onChange={setSource} />
          </Section>
          <Section title={t.settings}>
            <Stack gap="sm">
              <TextInput
                label={t.name}
                description={t.nameHint}
                placeholder="shop"
                withAsterisk
                value={name}
                onChange={({ currentTarget }) => setName(currentTarget.value)}
              />
              <TextInput
                label={t.baseUrl}
                description={t.baseUrlHint}
                placeholder="https://api.example.com/v1"
                value={baseUrl}
                onChange={({ currentTarget }) => setBaseUrl(currentTarget.value)}
              />
              <Select
                label={t.credential}
                description={
                  <Link to="/settings" search={{ tab: 'credentials' }}>
                    {t.credentialHint}
                  </Link>
                }
                placeholder={t.noCredential}
                clearable
                data={(credentials.data?.credentials ?? []).map((one) => ({
                  value: one.credential_id,
                  label: one.name,
                }))}
                value={credential}
                onChange={setCredential}
              />
              {error !== undefined && <ErrorBox error={error} />}
              <Group justify="flex-end">
                <Button type="submit" loading={busy} disabled={source === undefined || name.trim() === ''}>
                  {t.import}
                </Button>
              </Group>
            </Stack>
          </Section>
        </div>
      </form>
    </Frame>
  );
}
