import { Badge, Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { api } from '../api/api';
import { listIntegrations } from '../client/sdk.gen';
import type { IntegrationDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { List, usePages, type Column } from '../components/list';
import { useMay } from '../components/shell';
import { Ago, Empty, Page as Frame, Section, Status } from '../components/ui';
import { count } from '../format';
import { texts } from '../texts';

const t = texts.integrations;

const columns: readonly Column<IntegrationDto>[] = [
  {
    title: t.name,
    width: 'minmax(0, 2.4fr)',
    cell: (one) => (
      <span className="two-lines ellipsis">
        {one.name}
        <small>{one.description === '' ? `${one.title} ${one.api_version}` : one.description}</small>
      </span>
    ),
  },
  { title: t.status, width: '104px', cell: ({ status }) => <Status value={status} /> },
  {
    title: t.format,
    width: '96px',
    cell: ({ format, format_version }) => `${t.formats[format]} ${format_version}`,
    from: 820,
  },
  { title: t.version, width: '64px', cell: ({ version }) => version, from: 720 },
  {
    title: t.operations,
    width: '84px',
    align: 'right',
    cell: ({ operation_count }) => count(operation_count),
    from: 440,
  },
  {
    title: t.mock,
    width: '92px',
    cell: ({ mock }) =>
      mock === 'off' ? '–' : <Badge color={mock === 'instead' ? 'orange' : 'gray'}>{t.mocks[mock]}</Badge>,
    from: 620,
  },
  { title: t.changed, width: '100px', align: 'right', cell: ({ updated_at }) => <Ago at={updated_at} />, from: 560 },
];

export function Page(): ReactElement {
  const mayWrite = useMay('developer');
  const query = usePages(['integrations'], async (last_key) => {
    const page = await api(listIntegrations({ query: { limit: 50, ...(last_key === undefined ? {} : { last_key }) } }));
    return { items: page.integrations, last_key: page.last_key };
  });
  const add = mayWrite && (
    <Button component={Link} to="/integrations/new" leftSection={<Icon name="plus" />}>
      {t.add}
    </Button>
  );
  return (
    <Frame title={texts.nav.integrations} note={t.note} actions={add}>
      <Section flush>
        <List
          query={query}
          columns={columns}
          idOf={({ integration_id }) => integration_id}
          to={({ integration_id }) => `/integrations/${integration_id}`}
          label={texts.nav.integrations}
          empty={<Empty icon="integrations" title={t.none} text={t.noneText} action={add} />}
        />
      </Section>
    </Frame>
  );
}
