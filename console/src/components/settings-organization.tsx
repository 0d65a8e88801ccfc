import { Button, Group, PasswordInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  changePassword,
  createOrganization,
  deleteOrganization,
  endSignIn,
  getOrchestrationConfig,
  listAuditEntries,
  listMembers,
  listSignIns,
  renameOrganization,
  transferOrganization,
} from '../client/sdk.gen';
import type { AuditEntryDto, MeDto } from '../client/types.gen';
import { dateTime } from '../format';
import { texts } from '../texts';
import { List, usePages } from './list';
import { ModelOffer } from './models';
import { useMay, useMe } from './shell';
import { JsonView } from './text';
import { Dialog } from './form';
import { Ago, DangerButton, Empty, ErrorBox, Id, Loaded, notify, notifyError, Section, Status } from './ui';

const t = texts.settings;

/** The caller: who they are, their password and where they are signed in. */
export function Account(): ReactElement {
  const me = useMe();
  const queries = useQueryClient();
  const signIns = useQuery({ queryKey: ['sign-ins'], queryFn: () => api(listSignIns()) });
  const end = async (session_id: string): Promise<void> => {
    await api(endSignIn({ path: { session_id } }));
    await queries.invalidateQueries({ queryKey: ['sign-ins'] });
  };
  return (
    <div className="split">
      <Stack gap="lg">
        <Section title={t.account}>
          <Loaded query={me}>
            {(user) => (
              <dl className="facts">
                <dt>{t.name}</dt>
                <dd>{user.name}</dd>
                <dt>{t.email}</dt>
                <dd>{user.email}</dd>
                <dt>{t.role}</dt>
                <dd>{user.roles.map((role) => t.roles[role]).join(', ')}</dd>
                <dt>{t.secondFactor}</dt>
                <dd>{user.totp_enabled ? t.on : t.off}</dd>
                <dt>{t.userId}</dt>
                <dd>
                  <Id value={user.user_id} />
                </dd>
              </dl>
            )}
          </Loaded>
        </Section>
        <Password />
      </Stack>
      <Section title={t.signIns}>
        <Loaded query={signIns}>
          {({ sessions }) => (
            <ul className="change-list">
              {sessions.map((one) => (
                <li key={one.session_id} style={{ gridTemplateColumns: 'minmax(0, 1fr) auto' }}>
                  <div style={{ minWidth: 0 }}>
                    <Text size="sm" fw={600} className="ellipsis">
                      {one.device ?? t.unknownDevice}
                    </Text>
                    <Text size="xs" c="dimmed" component="div">
                      {one.address}, {t.usedAt} <Ago at={one.last_used_at} />
                    </Text>
                  </div>
                  {one.current ? (
                    <Status value="active" label={t.thisOne} />
                  ) : (
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => void end(one.session_id).catch(notifyError)}
                    >
                      {t.endSignIn}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </Section>
    </div>
  );
}

function Password(): ReactElement {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const change = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await api(changePassword({ body: { current, new: next } }));
      setCurrent('');
      setNext('');
      notify(t.passwordChanged);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={t.password}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <Stack gap="sm">
          <PasswordInput
            label={t.currentPassword}
            autoComplete="current-password"
            value={current}
            onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
          />
          <PasswordInput
            label={t.newPassword}
            description={t.passwordHint}
            autoComplete="new-password"
            value={next}
            onChange={({ currentTarget }) => setNext(currentTarget.value)}
          />
          {error !== undefined && <ErrorBox error={error} />}
          <Group justify="flex-end">
            <Button type="submit" variant="default" loading={busy} disabled={current === '' || next.length < 12}>
              {t.changePassword}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

/** Providers and prices; for administrators also the settings of the running process. */
export function Models(): ReactElement {
  const isAdmin = useMay('admin');
  return (
    <Stack>
      <ModelOffer />
      {isAdmin && <ProcessSettings />}
    </Stack>
  );
}

function ProcessSettings(): ReactElement {
  const query = useQuery({ queryKey: ['configuration'], queryFn: () => api(getOrchestrationConfig()) });
  return (
    <Loaded query={query}>
      {({ configuration }) => {
        const models = Object.entries(configuration.orchestration_settings);
        return (
          <div className="split">
            <Section title={t.modelSettings}>
              <Stack gap="sm">
                <dl className="facts">
                  {models
                    .filter(([name]) => name.startsWith('model') || /price|offline/.test(name))
                    .map(([name, value]) => (
                      <Fact key={name} name={name} value={value} />
                    ))}
                </dl>
                <Text size="sm" c="dimmed">
                  {t.modelsText}
                </Text>
              </Stack>
            </Section>
            <Section title={t.process}>
              <dl className="facts">
                {[
                  ...models.filter(([name]) => !name.startsWith('model')),
                  ...Object.entries(configuration.api_settings),
                ].map(([name, value]) => (
                  <Fact key={name} name={name} value={value} />
                ))}
              </dl>
            </Section>
          </div>
        );
      }}
    </Loaded>
  );
}

function Fact({ name, value }: { name: string; value: unknown }): ReactElement {
  const text = (one: unknown): string => {
    if (typeof one === 'boolean') return one ? t.yes : t.no;
    if (Array.isArray(one) && one.length > 0) return one.map(text).join(', ');
    if (typeof one === 'string' && one !== '') return one;
    if (typeof one === 'number') return String(one);
    return typeof one === 'object' && one !== null && !Array.isArray(one) ? JSON.stringify(one) : '–';
  };
  return (
    <>
      <dt>{name.replaceAll('_', ' ')}</dt>
      <dd>{text(value)}</dd>
    </>
  );
}

/** What was done in the organization, by whom. */
export function AuditLog(): ReactElement {
  const [actor, setActor] = useState('');
  const [action, setAction] = useState('');
  const [shown, setShown] = useState<AuditEntryDto>();
  const [filter] = useDebouncedValue({ actor: actor.trim(), action: action.trim() }, 300);
  const query = usePages(['audit', filter.actor, filter.action], async (last_key) => {
    const page = await api(
      listAuditEntries({
        query: {
          limit: 50,
          ...(filter.actor === '' ? {} : { actor: filter.actor }),
          ...(filter.action === '' ? {} : { action: filter.action }),
          ...(last_key === undefined ? {} : { last_key }),
        },
      }),
    );
    return { items: page.entries, last_key: page.last_key };
  });
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <TextInput
          placeholder={t.filterAction}
          aria-label={t.filterAction}
          value={action}
          onChange={({ currentTarget }) => setAction(currentTarget.value)}
          flex="1 1 200px"
          maw={320}
        />
        <TextInput
          placeholder={t.filterActor}
          aria-label={t.filterActor}
          value={actor}
          onChange={({ currentTarget }) => setActor(currentTarget.value)}
          flex="1 1 200px"
          maw={320}
        />
      </Group>
      <Section flush>
        <List
          query={query}
          label={t.tabs.audit}
          idOf={({ entry_id }) => entry_id}
          onOpen={setShown}
          columns={[
            {
              title: t.action,
              width: 'minmax(0, 1.2fr)',
              cell: ({ action: name, target }) => (
                <span className="two-lines ellipsis">
                  {name}
                  <small className="mono">{target ?? ''}</small>
                </span>
              ),
            },
            {
              title: t.result,
              width: '104px',
              cell: ({ outcome }) => <Status value={outcome} label={t.outcomes[outcome]} />,
            },
            {
              title: t.actor,
              width: 'minmax(0, 1fr)',
              cell: ({ actor: who }) => <span className="mono ellipsis">{who}</span>,
              from: 700,
            },
            { title: t.when, width: '104px', align: 'right', cell: ({ at }) => <Ago at={at} />, from: 440 },
          ]}
          empty={<Empty icon="file" title={t.noEntries} text={t.noEntriesText} />}
        />
      </Section>
      <Dialog opened={shown !== undefined} onClose={() => setShown(undefined)} size="lg" title={shown?.action}>
        {shown && (
          <Stack>
            <dl className="facts">
              <dt>{t.when}</dt>
              <dd>{dateTime(shown.at)}</dd>
              <dt>{t.actor}</dt>
              <dd>
                <Id value={shown.actor} />
              </dd>
              {shown.target !== null && (
                <>
                  <dt>{t.target}</dt>
                  <dd>
                    <Id value={shown.target} />
                  </dd>
                </>
              )}
              <dt>{t.result}</dt>
              <dd>
                <Status value={shown.outcome} label={t.outcomes[shown.outcome]} />
              </dd>
            </dl>
            <JsonView value={shown.details} label={t.details} />
          </Stack>
        )}
      </Dialog>
    </Stack>
  );
}

export function Organization(): ReactElement {
  const me = useMe();
  return <Loaded query={me}>{(user) => <OrganizationOf me={user} />}</Loaded>;
}

function OrganizationOf({ me }: { me: MeDto }): ReactElement {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const current = me.organizations.find(({ org_id }) => org_id === me.org_id);
  const [name, setName] = useState(current?.name ?? '');
  const [added, setAdded] = useState('');
  const [owner, setOwner] = useState<string | null>(null);
  const path = { org_id: me.org_id };
  const members = useQuery({ queryKey: ['members', 'choice'], queryFn: () => api(listMembers({ path })) });
  const rename = async (): Promise<void> => {
    await api(renameOrganization({ path, body: { name: name.trim() } }));
    await queries.invalidateQueries({ queryKey: ['me'] });
    notify(t.renamed);
  };
  const create = async (): Promise<void> => {
    await api(createOrganization({ body: { name: added.trim() } }));
    setAdded('');
    await queries.invalidateQueries({ queryKey: ['me'] });
    notify(t.organizationMade);
  };
  return (
    <div className="split">
      <Stack gap="lg">
        <Section title={t.tabs.organization}>
          <Stack gap="sm">
            <TextInput label={t.name} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
            <Group justify="space-between">
              <Id value={me.org_id} />
              <Button
                disabled={name.trim() === '' || name === current?.name}
                onClick={() => void rename().catch(notifyError)}
              >
                {t.rename}
              </Button>
            </Group>
          </Stack>
        </Section>
        <Section title={t.newOrganization}>
          <Stack gap="sm">
            <TextInput
              label={t.name}
              description={t.newOrganizationHint}
              value={added}
              onChange={({ currentTarget }) => setAdded(currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" disabled={added.trim() === ''} onClick={() => void create().catch(notifyError)}>
                {t.createOrganization}
              </Button>
            </Group>
          </Stack>
        </Section>
      </Stack>
      <Stack gap="lg">
        <Section title={t.transfer}>
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              {t.transferText}
            </Text>
            <Select
              label={t.newOwner}
              value={owner}
              onChange={setOwner}
              data={(members.data?.members ?? [])
                .filter(({ user_id }) => user_id !== me.user_id)
                .map((member) => ({ value: member.user_id, label: `${member.name} (${member.email})` }))}
              nothingFoundMessage={t.noOthers}
            />
            <Group justify="flex-end">
              <DangerButton
                label={t.transferButton}
                title={t.transfer}
                text={t.transferText}
                disabled={owner === null}
                onConfirm={async () => {
                  await api(transferOrganization({ path, body: { user_id: owner ?? '' } }));
                  notify(t.transferred);
                }}
              />
            </Group>
          </Stack>
        </Section>
        <Section title={t.deleteOrganization}>
          <Stack gap="sm" align="flex-start">
            <Text size="sm" c="dimmed">
              {t.deleteOrganizationText}
            </Text>
            <DangerButton
              label={t.deleteOrganization}
              title={t.deleteOrganizationTitle(current?.name ?? me.org_id)}
              text={t.deleteOrganizationText}
              typed={current?.name ?? me.org_id}
              onConfirm={async () => {
                await api(deleteOrganization({ path, body: { name: current?.name ?? '' } }));
                queries.clear();
                await navigate({ to: '/sign-in' });
              }}
            />
          </Stack>
        </Section>
      </Stack>
    </div>
  );
}
