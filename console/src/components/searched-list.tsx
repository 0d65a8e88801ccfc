import { Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { texts } from '../texts';
import { Icon, type IconName } from './icons';
import { List, usePages, type Column, type CursorPage } from './list';
import { Empty, LinkButton, Page, Section } from './ui';

/** The filters of a page, as the API takes them. */
export interface Search<S extends string> {
  limit: number;
  last_key?: string;
  search?: string;
  status?: S;
}

interface Props<T, S extends string> {
  title: string;
  icon: IconName;
  texts: Record<'note' | 'search' | 'all' | 'status' | 'noneFound' | 'noneFoundText' | 'none' | 'noneText', string>;
  statuses: readonly S[];
  statusLabel?: (status: S) => string;
  queryKey: readonly string[];
  refetchInterval?: number;
  read: (query: Search<S>) => Promise<CursorPage<T>>;
  columns: readonly Column<T>[];
  idOf: (item: T) => string;
  to: (item: T) => string;
}

/** A page that lists what agents are built of: searched by words, filtered by status, with the way to a new agent. */
export function SearchedList<T, S extends string>(props: Props<T, S>): ReactElement {
  const { title, texts: t, statuses, statusLabel = (status) => texts.statuses[status] ?? status } = props;
  const [text, setText] = useState('');
  const [status, setStatus] = useState<S | ''>('');
  const [search] = useDebouncedValue(text.trim(), 250);
  const query = usePages(
    [...props.queryKey, search, status],
    (last_key) =>
      props.read({
        limit: 50,
        ...(last_key === undefined ? {} : { last_key }),
        ...(search === '' ? {} : { search }),
        ...(status === '' ? {} : { status }),
      }),
    props.refetchInterval === undefined ? {} : { refetchInterval: props.refetchInterval },
  );
  const isFiltered = search !== '' || status !== '';
  return (
    <Page
      title={title}
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
        <SegmentedControl<S | ''>
          size="xs"
          value={status}
          onChange={setStatus}
          data={[{ value: '', label: t.all }, ...statuses.map((value) => ({ value, label: statusLabel(value) }))]}
          aria-label={t.status}
        />
      </Group>
      <Section flush>
        <List
          query={query}
          columns={props.columns}
          idOf={props.idOf}
          to={props.to}
          label={title}
          empty={
            isFiltered ? (
              <Empty icon="search" title={t.noneFound} text={t.noneFoundText} />
            ) : (
              <Empty
                icon={props.icon}
                title={t.none}
                text={t.noneText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            )
          }
        />
      </Section>
    </Page>
  );
}
