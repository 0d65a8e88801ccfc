import { Box, Button, Center, Loader, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useInfiniteQuery, type InfiniteData, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, type ReactElement, type ReactNode } from 'react';
import { texts } from '../texts';
import { ErrorBox, Loading } from './ui';

export interface CursorPage<T> {
  items: T[];
  last_key: string | null;
}

export type PagedQuery<T> = UseInfiniteQueryResult<InfiniteData<CursorPage<T>>>;

/**
 * A list that is read page by page with the API's cursor.
 * @param read one page: `last_key` is undefined for the first
 */
export function usePages<T>(
  key: readonly unknown[],
  read: (last_key: string | undefined) => Promise<CursorPage<T>>,
  { refetchInterval, ...options }: { refetchInterval?: number; enabled?: boolean } = {},
): PagedQuery<T> {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.last_key ?? undefined,
    // Every loaded page would be read again: a person who has scrolled down reads on undisturbed.
    refetchInterval: ({ state }) =>
      refetchInterval === undefined || (state.data?.pages.length ?? 0) > 1 ? false : refetchInterval,
    ...options,
  });
}

export interface Column<T> {
  title: string;
  cell: (row: T) => ReactNode;
  /** A track of CSS grid, such as `2fr` or `6rem`. */
  width: string;
  align?: 'right';
  /** Left out below this width of the list in pixels. */
  from?: number;
}

const ROW_HEIGHT = 52;
/** Lists this long get a scroller of their own; shorter ones grow with the page. */
const TALLEST_PX = 640;

interface ListProps<T> {
  query: PagedQuery<T>;
  columns: readonly Column<T>[];
  idOf: (row: T) => string;
  /** The address of a row's own page. */
  to?: ((row: T) => string) | undefined;
  onOpen?: ((row: T) => void) | undefined;
  empty: ReactNode;
  label: string;
  /** Keeps rows of the loaded pages only. */
  filter?: (row: T) => boolean;
}

interface RowProps<T> extends Pick<ListProps<T>, 'to' | 'onOpen'> {
  row: T;
  index: number;
  start: number;
  columns: readonly Column<T>[];
  tracks: string;
}

/** A row is drawn once: scrolling moves it without drawing it again. */
const Row = memo(function Row<T>({ row, index, start, columns, tracks, to, onOpen }: RowProps<T>): ReactElement {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="list-row"
      data-opens={to !== undefined || onOpen !== undefined}
      style={{ gridTemplateColumns: tracks, height: ROW_HEIGHT, transform: `translateY(${start}px)` }}
    >
      {columns.map(({ title, cell, align }, column) => (
        <div role="cell" key={title} data-align={align}>
          {column === 0 && to ? (
            <Link to={to(row)} className="row-link">
              {cell(row)}
            </Link>
          ) : column === 0 && onOpen ? (
            <button type="button" className="row-link" onClick={() => onOpen(row)}>
              {cell(row)}
            </button>
          ) : (
            cell(row)
          )}
        </div>
      ))}
    </div>
  );
}) as <T>(props: RowProps<T>) => ReactElement;

/** A table of any length: only the rows in view are in the page, and the next page of records is read when its end comes near. */
export function List<T>({ query, columns, idOf, to, onOpen, empty, label, filter }: ListProps<T>): ReactElement {
  const { ref: sizeRef, width } = useElementSize();
  const scroller = useRef<HTMLDivElement>(null);
  const { data } = query;
  const rows = useMemo(() => {
    const loaded = data?.pages.flatMap((page) => page.items) ?? [];
    return filter ? loaded.filter(filter) : loaded;
  }, [data, filter]);
  const shown = useMemo(
    () => columns.filter(({ from }) => from === undefined || width === 0 || width >= from),
    [columns, width],
  );
  const tracks = shown.map((column) => column.width).join(' ');
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    initialRect: { width: 1_000, height: TALLEST_PX },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - 8) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (query.error && !query.data)
    return (
      <Box p="md">
        <ErrorBox error={query.error} retry={() => void query.refetch()} />
      </Box>
    );
  if (!query.data) return <Loading rows={6} />;
  if (rows.length === 0 && !hasNextPage) return <>{empty}</>;
  return (
    <Box ref={sizeRef}>
      <div role="table" aria-label={label} aria-rowcount={hasNextPage ? -1 : rows.length + 1} className="list">
        <div role="rowgroup">
          <div role="row" className="list-head" style={{ gridTemplateColumns: tracks }}>
            {shown.map(({ title, align }) => (
              <div role="columnheader" key={title} data-align={align}>
                {title}
              </div>
            ))}
          </div>
        </div>
        <div
          ref={scroller}
          role="rowgroup"
          className="list-body"
          tabIndex={rows.length * ROW_HEIGHT > TALLEST_PX ? 0 : -1}
          style={{ height: Math.min(rows.length * ROW_HEIGHT, TALLEST_PX) }}
        >
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
            {items.map(({ index, start }) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <Row
                  key={idOf(row)}
                  row={row}
                  index={index}
                  start={start}
                  columns={shown}
                  tracks={tracks}
                  to={to}
                  onOpen={onOpen}
                />
              );
            })}
          </div>
        </div>
      </div>
      {(hasNextPage || isFetchingNextPage) && (
        <Center py="xs" className="list-foot">
          {isFetchingNextPage ? (
            <Loader size="xs" aria-label={texts.loading} />
          ) : (
            <Button variant="subtle" size="xs" onClick={() => void fetchNextPage()}>
              {texts.actions.more}
            </Button>
          )}
        </Center>
      )}
      {query.error && (
        <Box p="md">
          <ErrorBox error={query.error} retry={() => void query.fetchNextPage()} />
        </Box>
      )}
      {rows.length === 0 && hasNextPage && (
        <Text size="sm" c="dimmed" ta="center" py="md">
          {texts.lists.nothingInLoaded}
        </Text>
      )}
    </Box>
  );
}
