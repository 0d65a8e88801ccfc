import type { ReactElement } from 'react';
import { api } from '../api/api';
import { listProjects } from '../client/sdk.gen';
import type { ProjectSummaryDto } from '../client/types.gen';
import type { Column } from '../components/list';
import { SearchedList } from '../components/searched-list';
import { Ago, Status } from '../components/ui';
import { percent } from '../format';
import { texts } from '../texts';

const t = texts.builds;
const STATUSES = ['building', 'completed', 'failed', 'paused'] as const;

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
  return (
    <SearchedList
      title={texts.nav.builds}
      icon="builds"
      texts={t}
      statuses={STATUSES}
      queryKey={['projects', 'list']}
      refetchInterval={5_000}
      read={async (query) => {
        const { projects, last_key } = await api(listProjects({ query }));
        return { items: projects, last_key };
      }}
      columns={columns}
      idOf={({ project_id }) => project_id}
      to={({ project_id }) => `/builds/${project_id}`}
    />
  );
}
