import { texts } from '../texts';
import type { IconName } from './icons';

export interface NavItem {
  to: string;
  label: string;
  icon: IconName;
}

/** What the menu and the command palette list. */
export const NAVIGATION: readonly { title?: string; items: readonly NavItem[] }[] = [
  { items: [{ to: '/', label: texts.nav.home, icon: 'home' }] },
  {
    title: texts.nav.groups.build,
    items: [
      { to: '/agents', label: texts.nav.agents, icon: 'agents' },
      { to: '/builds', label: texts.nav.builds, icon: 'builds' },
      { to: '/playground', label: texts.nav.playground, icon: 'chat' },
    ],
  },
  {
    title: texts.nav.groups.observe,
    items: [
      { to: '/runs', label: texts.nav.runs, icon: 'runs' },
      { to: '/sessions', label: texts.nav.sessions, icon: 'sessions' },
    ],
  },
  {
    title: texts.nav.groups.automate,
    items: [
      { to: '/flows', label: texts.nav.flows, icon: 'flows' },
      { to: '/integrations', label: texts.nav.integrations, icon: 'integrations' },
      { to: '/orchestration', label: texts.nav.orchestration, icon: 'orchestration' },
    ],
  },
  { items: [{ to: '/settings', label: texts.nav.settings, icon: 'settings' }] },
];
