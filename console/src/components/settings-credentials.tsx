import { Badge, Button, PasswordInput, Select, TagsInput, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { authorizeCredential, createCredential, deleteCredential, listCredentials } from '../client/sdk.gen';
import type { CreateCredentialDto } from '../client/types.gen';
import { texts } from '../texts';
import { Dialog, SavingForm } from './form';
import { Icon } from './icons';
import { List, usePages } from './list';
import { Ago, DangerButton, Empty, notifyError, Section, Status } from './ui';

const t = texts.settings;
type Kind = CreateCredentialDto['kind'];

/** The fields of each kind; those in SECRET are typed hidden. */
const FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  bearer: ['token'],
  basic: ['username', 'password'],
  api_key: ['in', 'name', 'value'],
  hmac: ['secret', 'header'],
  oauth2_client_credentials: ['token_url', 'client_id', 'client_secret', 'scopes'],
  oauth2_authorization_code: ['authorization_url', 'token_url', 'client_id', 'client_secret', 'scopes'],
};
const SECRET = new Set(['token', 'password', 'value', 'secret', 'client_secret']);
const KINDS = Object.keys(FIELDS) as Kind[];

export function Credentials(): ReactElement {
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const query = usePages(['credentials'], async (last_key) => {
    const page = await api(listCredentials({ query: { limit: 50, ...(last_key === undefined ? {} : { last_key }) } }));
    return { items: page.credentials, last_key: page.last_key };
  });
  const authorize = async (credential_id: string): Promise<void> => {
    const { authorization_url } = await api(authorizeCredential({ path: { credential_id } }));
    window.open(authorization_url, '_blank', 'noopener');
  };
  const add = (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      {t.newCredential}
    </Button>
  );
  return (
    <Section flush title={t.tabs.credentials} actions={add}>
      <List
        query={query}
        label={t.tabs.credentials}
        idOf={({ credential_id }) => credential_id}
        columns={[
          {
            title: t.name,
            width: 'minmax(0, 1.6fr)',
            cell: ({ name, credential_id }) => (
              <span className="two-lines ellipsis">
                {name}
                <small className="mono">{credential_id}</small>
              </span>
            ),
          },
          {
            title: t.kind,
            width: '150px',
            cell: ({ kind }) => <Badge color="gray">{t.credentialKinds[kind]}</Badge>,
            from: 520,
          },
          {
            title: t.status,
            width: '130px',
            cell: ({ status, credential_id }) =>
              status === 'ready' ? (
                <Status value="ready" />
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => void authorize(credential_id).catch(notifyError)}
                >
                  {t.authorize}
                </Button>
              ),
          },
          { title: t.changed, width: '100px', cell: ({ updated_at }) => <Ago at={updated_at} />, from: 680 },
          {
            title: t.actions,
            width: '72px',
            align: 'right',
            cell: ({ name, credential_id }) => (
              <DangerButton
                compact
                label={t.deleteCredential(name)}
                title={t.deleteCredential(name)}
                text={t.deleteCredentialText}
                onConfirm={async () => {
                  await api(deleteCredential({ path: { credential_id } }));
                  await queries.invalidateQueries({ queryKey: ['credentials'] });
                }}
              />
            ),
          },
        ]}
        empty={<Empty icon="link" title={t.noCredentials} text={t.noCredentialsText} action={add} />}
      />
      <Dialog opened={isOpen} onClose={dialog.close} title={t.newCredential}>
        <CredentialForm onDone={dialog.close} />
      </Dialog>
    </Section>
  );
}

function CredentialForm({ onDone }: { onDone: () => void }): ReactElement {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('api_key');
  const [fields, setFields] = useState<Readonly<Record<string, string>>>({ in: 'header', name: 'X-Api-Key' });
  const [hosts, setHosts] = useState<string[]>([]);
  const set = (field: string, value: string): void => setFields((known) => ({ ...known, [field]: value }));
  const create = async (): Promise<void> => {
    const given = FIELDS[kind].flatMap((field): [string, unknown][] => {
      const value = fields[field] ?? '';
      if (value === '') return [];
      return [[field, field === 'scopes' ? value.split(/\s+/) : value]];
    });
    await api(
      createCredential({
        body: {
          name: name.trim(),
          kind,
          fields: { ...Object.fromEntries(given), ...(hosts.length === 0 ? {} : { allowed_hosts: hosts }) },
        },
      }),
    );
    await queries.invalidateQueries({ queryKey: ['credentials'] });
    onDone();
  };
  return (
    <SavingForm label={t.saveCredential} onSave={create} disabled={name.trim() === ''} autoComplete="off">
      <TextInput
        label={t.name}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        data-autofocus
      />
      <Select
        label={t.kind}
        data={KINDS.map((value) => ({ value, label: t.credentialKinds[value] }))}
        value={kind}
        allowDeselect={false}
        onChange={(value) => setKind(value ?? 'api_key')}
      />
      {FIELDS[kind].map((field) =>
        field === 'in' ? (
          <Select
            key={field}
            label={t.credentialFields[field]}
            data={['header', 'query', 'cookie']}
            value={fields[field] ?? 'header'}
            allowDeselect={false}
            onChange={(value) => set(field, value ?? 'header')}
          />
        ) : SECRET.has(field) ? (
          <PasswordInput
            key={field}
            label={t.credentialFields[field]}
            autoComplete="new-password"
            value={fields[field] ?? ''}
            onChange={({ currentTarget }) => set(field, currentTarget.value)}
          />
        ) : (
          <TextInput
            key={field}
            label={t.credentialFields[field]}
            value={fields[field] ?? ''}
            onChange={({ currentTarget }) => set(field, currentTarget.value)}
          />
        ),
      )}
      <TagsInput label={t.allowedHosts} description={t.allowedHostsHint} value={hosts} onChange={setHosts} />
      <Text size="xs" c="dimmed">
        {t.credentialNote}
      </Text>
    </SavingForm>
  );
}
