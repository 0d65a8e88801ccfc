import { Badge, Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

export interface PageTab {
  value: string;
  label: string;
  /** Beside the label, such as how many wait. */
  count?: number | undefined;
  content: () => ReactNode;
}

/** The parts of a page. The one that is open stands in the address, so that it can be linked and gone back to. */
export function PageTabs({ tabs, label }: { tabs: readonly PageTab[]; label: string }): ReactElement {
  const { tab }: { tab?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const open = tabs.find(({ value }) => value === tab) ?? tabs[0];
  return (
    <Tabs
      value={open?.value ?? null}
      onChange={(value) => void navigate({ to: '.', search: { tab: value ?? undefined } })}
      keepMounted={false}
    >
      <Tabs.List mb="md" aria-label={label} className="page-tabs">
        {tabs.map(({ value, label: text, count }) => (
          <Tabs.Tab
            key={value}
            value={value}
            rightSection={count === undefined || count === 0 ? undefined : <Badge size="sm">{count}</Badge>}
          >
            {text}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ value, content }) => (
        <Tabs.Panel key={value} value={value}>
          {value === open?.value ? content() : null}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
