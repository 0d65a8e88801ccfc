import { Button, Select } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listFlows } from '../client/sdk.gen';
import type { FlowDto } from '../client/types.gen';
import { FlowRunList } from '../components/flow-runs';
import { Icon } from '../components/icons';
import { List, usePages, type Column } from '../components/list';
import { PageTabs } from '../components/tabs';
import { useMay } from '../components/shell';
import { Ago, Empty, Page as Frame, Section, Status } from '../components/ui';
import { texts } from '../texts';

const t = texts.flows;

const columns: readonly Column<FlowDto>[] = [
  {
    title: t.name,
    width: 'minmax(0, 2.6fr)',
    cell: (flow) => (
      <span className="two-lines ellipsis">
        {flow.name}
        <small>{flow.description === '' ? flow.flow_id : flow.description}</small>
      </span>
    ),
  },
  { title: t.status, width: '104px', cell: ({ status }) => <Status value={status} /> },
  {
    title: t.version,
    width: '76px',
    cell: ({ version }) => (version === null ? '–' : version),
    from: 560,
  },
  {
    title: t.faults,
    width: '90px',
    cell: ({ faults }) => (faults.length === 0 ? t.noFaults : t.faultCount(faults.length)),
    from: 680,
  },
  {
    title: t.changed,
    width: '110px',
    align: 'right',
    cell: ({ updated_at }) => <Ago at={updated_at} />,
    from: 480,
  },
];

function Flows(): ReactElement {
  const mayWrite = useMay('developer');
  const [status, setStatus] = useState<'draft' | 'published' | 'archived' | ''>('');
  const query = usePages(['flows', status], async (last_key) => {
    const page = await api(
      listFlows({
        query: { limit: 50, ...(last_key === undefined ? {} : { last_key }), ...(status === '' ? {} : { status }) },
      }),
    );
    return { items: page.flows, last_key: page.last_key };
  });
  return (
    <Section
      flush
      title={t.all}
      actions={
        <Select
          size="xs"
          w={150}
          aria-label={t.status}
          value={status}
          onChange={(value) => setStatus((value ?? '') as typeof status)}
          data={[
            { value: '', label: t.anyStatus },
            ...['published', 'draft', 'archived'].map((value) => ({ value, label: texts.statuses[value] ?? value })),
          ]}
        />
      }
    >
      <List
        query={query}
        columns={columns}
        idOf={({ flow_id }) => flow_id}
        to={({ flow_id }) => `/flows/${flow_id}`}
        label={texts.nav.flows}
        empty={
          <Empty
            icon="flows"
            title={status === '' ? t.none : t.noneFound}
            text={t.noneText}
            action={
              mayWrite && (
                <Button component={Link} to="/flows/new">
                  {t.create}
                </Button>
              )
            }
          />
        }
      />
    </Section>
  );
}

export function Page(): ReactElement {
  const mayWrite = useMay('developer');
  return (
    <Frame
      title={texts.nav.flows}
      note={t.note}
      actions={
        mayWrite && (
          <Button component={Link} to="/flows/new" leftSection={<Icon name="plus" />}>
            {t.create}
          </Button>
        )
      }
    >
      <PageTabs
        label={texts.nav.flows}
        tabs={[
          { value: 'flows', label: t.tabFlows, content: () => <Flows /> },
          { value: 'runs', label: t.tabRuns, content: () => <FlowRunList /> },
        ]}
      />
    </Frame>
  );
}
