import { Modal, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { api } from '../api/api';
import { listAgents, listProjects } from '../client/sdk.gen';
import { pathOfId } from '../format';
import { texts } from '../texts';
import { Icon, type IconName } from './icons';
import { NAVIGATION } from './navigation';

interface Entry {
  key: string;
  group: string;
  label: string;
  note?: string;
  icon: IconName;
  to: string;
}

const PAGES: readonly Entry[] = [
  ...NAVIGATION.flatMap(({ items }) => items),
  { to: '/agents/new', label: texts.nav.newAgent, icon: 'plus' as const },
].map((item) => ({ ...item, key: item.to, group: texts.palette.pages }));

/** Finds pages, agents and builds by words, and any record by its id. */
export function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactElement {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [words] = useDebouncedValue(text.trim(), 150);
  const navigate = useNavigate();
  const listId = useId();
  const found = useQuery({
    queryKey: ['palette', words],
    enabled: opened && words.length > 1,
    queryFn: async (): Promise<Entry[]> => {
      const query = { search: words, limit: 6 };
      const [agents, projects] = await Promise.all([api(listAgents({ query })), api(listProjects({ query }))]);
      return [
        ...agents.agents.map((agent): Entry => ({
          key: agent.agent_id,
          group: texts.palette.agents,
          label: agent.agent_name,
          note: agent.description,
          icon: 'agents',
          to: `/agents/${encodeURIComponent(agent.agent_id)}`,
        })),
        ...projects.projects.map((one): Entry => ({
          key: one.project_id,
          group: texts.palette.builds,
          label: one.project_name,
          note: one.status,
          icon: 'builds',
          to: `/builds/${one.project_id}`,
        })),
      ];
    },
  });
  const idPath = pathOfId(text);
  const entries: Entry[] = [
    ...(idPath === undefined
      ? []
      : [
          {
            key: 'id',
            group: texts.palette.ids,
            label: texts.palette.openId(text.trim()),
            icon: 'right' as const,
            to: idPath,
          },
        ]),
    ...PAGES.filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase())),
    ...(words === text.trim() && words.length > 1 ? (found.data ?? []) : []),
  ];
  useEffect(() => setAt(0), [text]);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!opened) return;
    setText('');
    // The dialog takes the focus only when it stands: what is typed until then belongs to the field too.
    const early = (event: globalThis.KeyboardEvent): void => {
      if (document.activeElement === field.current || event.ctrlKey || event.metaKey || event.altKey) return;
      if ([...event.key].length !== 1) return;
      event.preventDefault();
      setText((now) => now + event.key);
    };
    window.addEventListener('keydown', early, true);
    return () => window.removeEventListener('keydown', early, true);
  }, [opened]);
  const open = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    void navigate({ to: entry.to });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt((index) => Math.min(index + 1, entries.length - 1));
    else if (event.key === 'ArrowUp') setAt((index) => Math.max(index - 1, 0));
    else if (event.key === 'Enter') open(entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal.Root opened={opened} onClose={onClose} size={560} yOffset="12vh" centered={false}>
      <Modal.Overlay />
      <Modal.Content aria-label={texts.shell.search}>
        <TextInput
          variant="unstyled"
          className="palette-input"
          leftSection={<Icon name="search" />}
          placeholder={texts.palette.placeholder}
          aria-label={texts.palette.placeholder}
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={entries[at] ? `${listId}-${at}` : undefined}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKey}
          ref={field}
          data-autofocus
        />
        <div role="listbox" id={listId} aria-label={texts.shell.search} className="palette-list">
          {entries.map((entry, index) => (
            <div
              key={entry.key}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === at}
              className="palette-entry"
              onClick={() => open(entry)}
              onMouseMove={() => setAt(index)}
              ref={(element) => {
                if (index === at) element?.scrollIntoView({ block: 'nearest' });
              }}
            >
              <Icon name={entry.icon} />
              <span className="ellipsis">{entry.label}</span>
              <span className="palette-note ellipsis">{entry.note ?? ''}</span>
              <span className="palette-group">{entry.group}</span>
            </div>
          ))}
        </div>
        {entries.length === 0 && (
          <Text size="sm" c="dimmed" p="md">
            {texts.palette.nothing}
          </Text>
        )}
      </Modal.Content>
    </Modal.Root>
  );
}
