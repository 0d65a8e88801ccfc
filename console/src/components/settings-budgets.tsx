import {
  Button,
  Card,
  Group,
  NumberInput,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { deleteBudget, listBudgets, setBudget } from '../client/sdk.gen';
import type { BudgetDto } from '../client/types.gen';
import { count, money } from '../format';
import { texts } from '../texts';
import { Dialog, SavingForm } from './form';
import { Icon } from './icons';
import { useMe } from './shell';
import { Ago, DangerButton, Empty, Loaded, Section } from './ui';

const t = texts.settings;
const SCOPES = ['organization', 'project', 'agent', 'key'] as const;
const LIMITS = ['usd_per_day', 'usd_per_month', 'tokens_per_day', 'tokens_per_month'] as const;

export function Budgets(): ReactElement {
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const query = useQuery({ queryKey: ['budgets'], queryFn: () => api(listBudgets()) });
  const add = (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      {t.newBudget}
    </Button>
  );
  return (
    <Section title={t.tabs.budgets} actions={add}>
      <Loaded query={query}>
        {({ budgets }) =>
          budgets.length === 0 ? (
            <Empty icon="runs" title={t.noBudgets} text={t.noBudgetsText} action={add} />
          ) : (
            <div className="cards">
              {budgets.map((budget) => (
                <Card key={`${budget.scope}${budget.scope_id}`} withBorder padding="md">
                  <Stack gap="sm">
                    <Group justify="space-between" wrap="nowrap" align="flex-start">
                      <div style={{ minWidth: 0 }}>
                        <Text fw={600}>{t.scopes[budget.scope]}</Text>
                        <Text size="xs" c="dimmed" className="mono" style={{ overflowWrap: 'anywhere' }}>
                          {budget.scope_id}
                        </Text>
                      </div>
                      <DangerButton
                        compact
                        label={t.deleteBudget}
                        title={t.deleteBudget}
                        text={t.deleteBudgetText}
                        onConfirm={async () => {
                          await api(deleteBudget({ path: { scope: budget.scope, scope_id: budget.scope_id } }));
                          await queries.invalidateQueries({ queryKey: ['budgets'] });
                        }}
                      />
                    </Group>
                    {budget.windows.map((window) => (
                      <Window key={window.window} window={window} />
                    ))}
                    <Text size="xs" c="dimmed">
                      {t.enforcements[budget.enforcement]}
                    </Text>
                  </Stack>
                </Card>
              ))}
            </div>
          )
        }
      </Loaded>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.newBudget}>
        <BudgetForm onDone={dialog.close} />
      </Dialog>
    </Section>
  );
}

function Window({ window }: { window: BudgetDto['windows'][number] }): ReactElement {
  const { usd, tokens, used_percent, resets_at } = window;
  const label = t.windows[window.window];
  return (
    <div>
      <Group justify="space-between">
        <Text size="sm">{label}</Text>
        <Text size="sm" c="dimmed">
          {[
            usd.limit === null ? undefined : `${money(usd.spent)} / ${money(usd.limit)}`,
            tokens.limit === null ? undefined : t.tokensOf(count(tokens.spent), count(tokens.limit)),
          ]
            .filter((part) => part !== undefined)
            .join(' · ')}
        </Text>
      </Group>
      <Progress
        value={Math.min(used_percent, 100)}
        color={used_percent >= 100 ? 'red' : used_percent >= 80 ? 'orange' : 'indigo'}
        size="sm"
        my={4}
        aria-label={label}
      />
      <Text size="xs" c="dimmed">
        {t.resets} <Ago at={resets_at} />
      </Text>
    </div>
  );
}

function BudgetForm({ onDone }: { onDone: () => void }): ReactElement {
  const queries = useQueryClient();
  const me = useMe();
  const [scope, setScope] = useState<(typeof SCOPES)[number]>('organization');
  const [id, setId] = useState('');
  const [enforcement, setEnforcement] = useState<'hard' | 'soft'>('hard');
  const [limits, setLimits] = useState<Readonly<Partial<Record<(typeof LIMITS)[number], number>>>>({});
  const scope_id = scope === 'organization' ? (me.data?.org_id ?? '') : id.trim();
  const save = async (): Promise<void> => {
    await api(setBudget({ path: { scope, scope_id }, body: { enforcement, ...limits } }));
    await queries.invalidateQueries({ queryKey: ['budgets'] });
    onDone();
  };
  return (
    <SavingForm label={texts.actions.save} onSave={save} disabled={scope_id === '' || Object.keys(limits).length === 0}>
      <Select
        label={t.scope}
        data={SCOPES.map((value) => ({ value, label: t.scopes[value] }))}
        value={scope}
        allowDeselect={false}
        onChange={(value) => setScope(value ?? 'organization')}
      />
      {scope !== 'organization' && (
        <TextInput
          label={t.scopeId}
          value={id}
          onChange={({ currentTarget }) => setId(currentTarget.value)}
          className="mono-input"
        />
      )}
      {LIMITS.map((limit) => (
        <NumberInput
          key={limit}
          label={t.limits[limit]}
          min={0}
          allowDecimal={limit.startsWith('usd')}
          value={limits[limit] ?? ''}
          onChange={(value) => {
            const { [limit]: _, ...others } = limits;
            setLimits(value === '' ? others : { ...others, [limit]: Number(value) });
          }}
        />
      ))}
      <SegmentedControl
        value={enforcement}
        onChange={setEnforcement}
        data={[
          { value: 'hard', label: t.hard },
          { value: 'soft', label: t.soft },
        ]}
        aria-label={t.enforcement}
      />
      <Text size="xs" c="dimmed">
        {t.enforcements[enforcement]}
      </Text>
    </SavingForm>
  );
}
