import { Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listProjects } from '../client/sdk.gen';
import type { ProjectSummaryDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { List, usePages, type Column } from '../components/list';
import { Ago, Empty, Page as Frame, Section, Status, LinkButton } from '../components/ui';
import { percent } from '../format';
import { texts } from '../texts';

const t = texts.builds;
const STATUSES = ['', 'building', 'completed', 'failed', 'paused'] as const;

const columns: readonly Column<ProjectSummaryDto>[] = [
  {
    title: t.build,
    width: 'minmax(0, 2.6fr)',
    cell: (one) => (
      <span className="two-lines ellipsis">
        {one.project_name}
        <small>{one.error_info?.message ?? one.requirement}</small>
      </span>
    ),
  },
  { title: t.status, width: '112px', cell: ({ status }) => <Status value={status} /> },
  {
    title: t.progress,
    width: '76px',
    align: 'right',
    cell: ({ progress }) => percent(Math.round(progress)),
    from: 560,
  },
  {
    title: t.coverage,
    width: '110px',
    align: 'right',
    cell: ({ coverage }) => (coverage === null ? '–' : t.proven(coverage.proven, coverage.total)),
    from: 720,
  },
  { title: t.attempt, width: '70px', align: 'right', cell: ({ attempt }) => attempt, from: 860 },
  { title: t.changed, width: '110px', align: 'right', cell: ({ updated_at }) => <Ago at={updated_at} />, from: 640 },
];

export function Page(): ReactElement {
  const [text, setText] = useState('');
  const [status, setStatus] = useState<(typeof STATUSES)[number]>('');
  const [search] = useDebouncedValue(text.trim(), 250);
  const query = usePages(
    ['projects', 'list', search, status],
    async (last_key) => {
      const page = await api(
        listProjects({
          query: {
            limit: 50,
            ...(last_key === undefined ? {} : { last_key }),
            ...(search === '' ? {} : { search }),
            ...(status === '' ? {} : { status }),
          },
        }),
      );
      return { items: page.projects, last_key: page.last_key };
    },
    { refetchInterval: 5_000 },
  );
  const isFiltered = search !== '' || status !== '';
  return (
    <Frame
      title={texts.nav.builds}
      note={t.note}
      actions={
        <LinkButton to="/agents/new" leftSection={<Icon name="plus" />}>
          {texts.nav.newAgent}
        </LinkButton>
      }
    >
      <Group gap="sm">
        <TextInput
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t.search}
          aria-label={t.search}
          leftSection={<Icon name="search" />}
          flex="1 1 220px"
          maw={380}
        />
        <SegmentedControl
          size="xs"
          value={status}
          onChange={setStatus}
          data={STATUSES.map((value) => ({ value, label: value === '' ? t.all : (texts.statuses[value] ?? value) }))}
          aria-label={t.status}
        />
      </Group>
      <Section flush>
        <List
          query={query}
          columns={columns}
          idOf={(one) => one.project_id}
          to={(one) => `/builds/${one.project_id}`}
          label={texts.nav.builds}
          empty={
            isFiltered ? (
              <Empty icon="search" title={t.noneFound} text={t.noneFoundText} />
            ) : (
              <Empty
                icon="builds"
                title={t.none}
                text={t.noneText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            )
          }
        />
      </Section>
    </Frame>
  );
}
