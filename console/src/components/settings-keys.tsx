import { Badge, Button, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  createApiKey,
  createOwnApiKey,
  deleteApiKey,
  deleteOwnApiKey,
  listApiKeys,
  listOwnApiKeys,
} from '../client/sdk.gen';
import type { CreatedApiKeyDto } from '../client/types.gen';
import { texts } from '../texts';
import { Dialog, SavingForm } from './form';
import { Icon } from './icons';
import { List, usePages } from './list';
import { useMay } from './shell';
import { Ago, CopyableCode, DangerButton, Empty, Section } from './ui';

const t = texts.settings;
export const ROLES = ['viewer', 'developer', 'orchestration_manager', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export const ROLE_DATA = ROLES.map((value) => ({ value, label: t.roles[value] }));
const DAY_MS = 86_400_000;

/** An administrator sees the keys of the organization, other members their own. */
export function ApiKeys(): ReactElement {
  const isAdmin = useMay('admin');
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const [made, setMade] = useState<CreatedApiKeyDto>();
  const query = usePages(['api-keys'], async () => {
    const { keys } = isAdmin ? await api(listApiKeys()) : await api(listOwnApiKeys());
    return { items: keys, last_key: null };
  });
  const add = (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      {t.newKey}
    </Button>
  );
  return (
    <Stack gap="lg">
      {made && (
        <Stack gap="xs" className="note-box">
          <Text size="sm" fw={600}>
            {t.keyMade(made.name)}
          </Text>
          <Text size="sm">{t.keyOnce}</Text>
          <CopyableCode code={made.api_key} label={t.newKey} />
        </Stack>
      )}
      <Section flush title={t.tabs.keys} actions={add}>
        <List
          query={query}
          label={t.tabs.keys}
          idOf={({ key_id }) => key_id}
          columns={[
            {
              title: t.name,
              width: 'minmax(0, 1.6fr)',
              cell: ({ name, key_id }) => (
                <span className="two-lines ellipsis">
                  {name}
                  <small className="mono">{key_id}</small>
                </span>
              ),
            },
            {
              title: t.role,
              width: '128px',
              cell: ({ roles }) => <Badge color="gray">{t.roles[roles[0] ?? 'viewer']}</Badge>,
              from: 480,
            },
            { title: t.lastUsed, width: '100px', cell: ({ last_used_at }) => <Ago at={last_used_at} />, from: 620 },
            {
              title: t.expires,
              width: '100px',
              cell: ({ expires_at }) => (expires_at === null ? t.never : <Ago at={expires_at} />),
              from: 740,
            },
            {
              title: t.actions,
              width: '72px',
              align: 'right',
              cell: ({ key_id, name }) => (
                <DangerButton
                  compact
                  label={t.revoke(name)}
                  title={t.revokeTitle(name)}
                  text={t.revokeText}
                  onConfirm={async () => {
                    const path = { key_id };
                    await (isAdmin ? api(deleteApiKey({ path })) : api(deleteOwnApiKey({ path })));
                    if (made?.key_id === key_id) setMade(undefined);
                    await queries.invalidateQueries({ queryKey: ['api-keys'] });
                  }}
                />
              ),
            },
          ]}
          empty={<Empty icon="link" title={t.noKeys} text={t.noKeysText} action={add} />}
        />
      </Section>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.newKey}>
        <KeyForm
          onDone={(key) => {
            setMade(key);
            dialog.close();
          }}
        />
      </Dialog>
    </Stack>
  );
}

function KeyForm({ onDone }: { onDone: (key: CreatedApiKeyDto) => void }): ReactElement {
  const queries = useQueryClient();
  const [isAdmin, isManager, isDeveloper] = [useMay('admin'), useMay('orchestration_manager'), useMay('developer')];
  const held = ROLE_DATA.slice(0, isAdmin ? 4 : isManager ? 3 : isDeveloper ? 2 : 1);
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>(isDeveloper ? 'developer' : 'viewer');
  const [days, setDays] = useState('90');
  const create = async (): Promise<void> => {
    const body = {
      name: name.trim(),
      roles: [role],
      ...(days === '' ? {} : { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }),
    };
    const key = await (isAdmin ? api(createApiKey({ body })) : api(createOwnApiKey({ body })));
    await queries.invalidateQueries({ queryKey: ['api-keys'] });
    onDone(key);
  };
  return (
    <SavingForm label={t.createKey} onSave={create} disabled={name.trim() === ''}>
      <TextInput
        label={t.name}
        description={t.keyNameHint}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        data-autofocus
      />
      <Select
        label={t.role}
        description={t.roleHints[role]}
        data={held}
        value={role}
        allowDeselect={false}
        onChange={(value) => setRole(value ?? 'viewer')}
      />
      <Select
        label={t.expires}
        data={[
          { value: '30', label: t.inDays(30) },
          { value: '90', label: t.inDays(90) },
          { value: '365', label: t.inDays(365) },
          { value: '', label: t.never },
        ]}
        value={days}
        allowDeselect={false}
        onChange={(value) => setDays(value ?? '')}
      />
    </SavingForm>
  );
}
