import { Button, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  changeMemberRoles,
  inviteMember,
  listInvitations,
  listMembers,
  removeMember,
  revokeInvitation,
} from '../client/sdk.gen';
import type { NewInvitationDto } from '../client/types.gen';
import { texts } from '../texts';
import { Dialog, SavingForm } from './form';
import { Icon } from './icons';
import { List, usePages } from './list';
import { ROLE_DATA, ROLES, type Role } from './settings-keys';
import { useMe } from './shell';
import { Ago, CopyableCode, DangerButton, Empty, Loading, notify, notifyError, Section, Status } from './ui';

const t = texts.settings;

export function Members(): ReactElement {
  const me = useMe();
  return me.data ? <MembersOf org_id={me.data.org_id} user_id={me.data.user_id} /> : <Loading />;
}

function MembersOf({ org_id, user_id }: { org_id: string; user_id: string }): ReactElement {
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const [invited, setInvited] = useState<NewInvitationDto>();
  const members = usePages(['members'], async () => ({
    items: (await api(listMembers({ path: { org_id } }))).members,
    last_key: null,
  }));
  const invitations = usePages(['invitations'], async () => ({
    items: (await api(listInvitations({ path: { org_id } }))).invitations,
    last_key: null,
  }));
  const setRole = async (member: string, role: Role): Promise<void> => {
    await api(changeMemberRoles({ path: { org_id, user_id: member }, body: { roles: [role] } }));
    await queries.invalidateQueries({ queryKey: ['members'] });
    notify(t.roleChanged);
  };
  return (
    <Stack gap="lg">
      {invited && <Invited invitation={invited} />}
      <Section
        flush
        title={t.tabs.members}
        actions={
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
            {t.invite}
          </Button>
        }
      >
        <List
          query={members}
          label={t.tabs.members}
          idOf={(member) => member.user_id}
          columns={[
            {
              title: t.name,
              width: 'minmax(0, 1.6fr)',
              cell: ({ name, email, user_id: id }) => (
                <span className="two-lines ellipsis">
                  {name} {id === user_id && t.you}
                  <small>{email}</small>
                </span>
              ),
            },
            {
              title: t.role,
              width: 'min(160px, 32vw)',
              cell: (member) => {
                const role = ROLES.find((one) => member.roles.includes(one));
                return role === undefined || member.user_id === user_id ? (
                  t.roles[member.roles[0] ?? 'viewer']
                ) : (
                  <Select
                    size="xs"
                    aria-label={t.roleOf(member.name)}
                    data={ROLE_DATA}
                    value={role}
                    allowDeselect={false}
                    onChange={(value) => value !== null && void setRole(member.user_id, value).catch(notifyError)}
                  />
                );
              },
            },
            { title: t.since, width: '100px', cell: ({ created_at }) => <Ago at={created_at} />, from: 560 },
            {
              title: t.actions,
              width: '72px',
              align: 'right',
              cell: (member) =>
                member.user_id !== user_id && (
                  <DangerButton
                    compact
                    label={t.remove(member.name)}
                    title={t.removeTitle(member.name)}
                    text={t.removeText}
                    onConfirm={async () => {
                      await api(removeMember({ path: { org_id, user_id: member.user_id } }));
                      await queries.invalidateQueries({ queryKey: ['members'] });
                    }}
                  />
                ),
            },
          ]}
          empty={<Empty icon="agents" title={t.tabs.members} text="" />}
        />
      </Section>
      <Section flush title={t.invitations}>
        <List
          query={invitations}
          label={t.invitations}
          idOf={({ invitation_id }) => invitation_id}
          columns={[
            {
              title: t.email,
              width: 'minmax(0, 1.6fr)',
              cell: ({ email, roles }) => (
                <span className="two-lines ellipsis">
                  {email}
                  <small>{t.roles[roles[0] ?? 'viewer']}</small>
                </span>
              ),
            },
            {
              title: t.mail,
              width: '110px',
              cell: ({ mail_status }) =>
                mail_status === null ? (
                  t.noMail
                ) : (
                  <Status value={mail_status === 'sent' ? 'completed' : mail_status} label={t.mails[mail_status]} />
                ),
              from: 480,
            },
            { title: t.expires, width: '100px', cell: ({ expires_at }) => <Ago at={expires_at} />, from: 560 },
            {
              title: t.actions,
              width: '72px',
              align: 'right',
              cell: ({ invitation_id, email }) => (
                <DangerButton
                  compact
                  label={t.revokeInvitation(email)}
                  title={t.revokeInvitation(email)}
                  text={t.revokeInvitationText}
                  onConfirm={async () => {
                    await api(revokeInvitation({ path: { org_id, invitation_id } }));
                    setInvited(undefined);
                    await queries.invalidateQueries({ queryKey: ['invitations'] });
                  }}
                />
              ),
            },
          ]}
          empty={<Empty icon="send" title={t.noInvitations} text={t.noInvitationsText} />}
        />
      </Section>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.invite}>
        <InviteForm
          org_id={org_id}
          onDone={(invitation) => {
            setInvited(invitation);
            dialog.close();
          }}
        />
      </Dialog>
    </Stack>
  );
}

function Invited({ invitation }: { invitation: NewInvitationDto }): ReactElement {
  return (
    <Stack gap="xs" className="note-box">
      <Text size="sm" fw={600}>
        {t.invited(invitation.email)}
      </Text>
      {invitation.invitation_token === undefined ? (
        <Text size="sm">{t.invitedByMail}</Text>
      ) : (
        <>
          <Text size="sm">{t.invitedByToken}</Text>
          <CopyableCode code={invitation.invitation_token} label={t.invite} />
        </>
      )}
    </Stack>
  );
}

function InviteForm(props: { org_id: string; onDone: (invitation: NewInvitationDto) => void }): ReactElement {
  const { org_id, onDone } = props;
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const invite = async (): Promise<void> => {
    const invitation = await api(inviteMember({ path: { org_id }, body: { email: email.trim(), roles: [role] } }));
    await queries.invalidateQueries({ queryKey: ['invitations'] });
    onDone(invitation);
  };
  return (
    <SavingForm label={t.invite} onSave={invite} disabled={!email.includes('@')}>
      <TextInput
        label={t.email}
        type="email"
        value={email}
        onChange={({ currentTarget }) => setEmail(currentTarget.value)}
        data-autofocus
      />
      <Select
        label={t.role}
        description={t.roleHints[role]}
        data={ROLE_DATA}
        value={role}
        allowDeselect={false}
        onChange={(value) => setRole(value ?? 'viewer')}
      />
    </SavingForm>
  );
}
