import type { ReactElement } from 'react';
import { Budgets } from '../components/settings-budgets';
import { Credentials } from '../components/settings-credentials';
import { ApiKeys } from '../components/settings-keys';
import { Members } from '../components/settings-members';
import { Account, AuditLog, Models, Organization } from '../components/settings-organization';
import { useMay } from '../components/shell';
import { PageTabs } from '../components/tabs';
import { Page as Frame } from '../components/ui';
import { texts } from '../texts';

const t = texts.settings;

export function Page(): ReactElement {
  const isAdmin = useMay('admin');
  const mayWrite = useMay('developer');
  return (
    <Frame title={texts.nav.settings} note={t.note}>
      <PageTabs
        label={texts.nav.settings}
        tabs={[
          { value: 'account', label: t.tabs.account, content: () => <Account /> },
          ...(isAdmin ? [{ value: 'members', label: t.tabs.members, content: () => <Members /> }] : []),
          { value: 'keys', label: t.tabs.keys, content: () => <ApiKeys /> },
          ...(mayWrite ? [{ value: 'credentials', label: t.tabs.credentials, content: () => <Credentials /> }] : []),
          { value: 'models', label: t.tabs.models, content: () => <Models /> },
          ...(isAdmin
            ? [
                { value: 'budgets', label: t.tabs.budgets, content: () => <Budgets /> },
                { value: 'audit', label: t.tabs.audit, content: () => <AuditLog /> },
                { value: 'organization', label: t.tabs.organization, content: () => <Organization /> },
              ]
            : []),
        ]}
      />
    </Frame>
  );
}
