import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  Kbd,
  Menu,
  ScrollArea,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, type ReactElement } from 'react';
import { api } from '../api/api';
import { deleteBrowserSession, getMe, refreshBrowserSession, switchOrganization } from '../client/sdk.gen';
import { texts } from '../texts';
import { Icon } from './icons';
import { NAVIGATION } from './navigation';
import { Palette } from './palette';
import { notifyError } from './ui';

/** The caller. Pages ask for it to know the organization and the roles. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => api(getMe()), staleTime: 60_000 });

/** Whether the caller has one of the roles that may do something. Roles include those before them. */
export function useMay(role: 'developer' | 'orchestration_manager' | 'admin'): boolean {
  const order = ['viewer', 'developer', 'orchestration_manager', 'admin', 'system_admin'];
  const { data } = useMe();
  return data?.roles.some((own) => order.indexOf(own) >= order.indexOf(role)) === true;
}

function ThemeButton(): ReactElement {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const label = isDark ? texts.shell.toLight : texts.shell.toDark;
  return (
    <Tooltip label={label}>
      <ActionIcon size="lg" onClick={() => setColorScheme(isDark ? 'light' : 'dark')} aria-label={label}>
        <Icon name={isDark ? 'sun' : 'moon'} size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function AccountMenu(): ReactElement {
  const me = useMe();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async (): Promise<void> => {
    await api(deleteBrowserSession());
    queries.clear();
    await navigate({ to: '/sign-in' });
  };
  const change = async (org_id: string): Promise<void> => {
    const { refresh_token } = await api(switchOrganization({ path: { org_id } }));
    await api(refreshBrowserSession({ body: { refresh_token } }));
    queries.clear();
    await navigate({ to: '/' });
  };
  const organizations = me.data?.organizations ?? [];
  const current = organizations.find(({ org_id }) => org_id === me.data?.org_id);
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <UnstyledButton className="account" aria-label={texts.shell.account}>
          <span className="avatar" aria-hidden="true">
            {(me.data?.name ?? '?').slice(0, 1)}
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py={6}>
          <Text size="sm" fw={600}>
            {me.data?.name}
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {me.data?.email}
          </Text>
          <Text size="xs" c="dimmed">
            {current?.name}
          </Text>
        </Box>
        {organizations.length > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>{texts.shell.organization}</Menu.Label>
            {organizations.map(({ org_id, name }) => (
              <Menu.Item
                key={org_id}
                disabled={org_id === current?.org_id}
                leftSection={<Icon name={org_id === current?.org_id ? 'check' : 'right'} />}
                onClick={() => void change(org_id).catch(notifyError)}
              >
                {name}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        <Menu.Item component="a" href="/docs" target="_blank" leftSection={<Icon name="file" />}>
          {texts.shell.apiDocs}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="out" />} onClick={() => void signOut().catch(notifyError)}>
          {texts.shell.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The frame of every page but the sign-in. */
export function Shell(): ReactElement {
  const [isOpen, { toggle, close }] = useDisclosure();
  const [isSearching, search] = useDisclosure();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useHotkeys([['mod+K', search.open]], []);
  useEffect(close, [path, close]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 212, breakpoint: 'md', collapsed: { mobile: !isOpen } }}
      padding={0}
      transitionDuration={0}
    >
      <a className="skip" href="#content">
        {texts.shell.skip}
      </a>
      <AppShell.Header className="header">
        <Group gap="xs" wrap="nowrap">
          <Burger opened={isOpen} onClick={toggle} hiddenFrom="md" size="sm" aria-label={texts.shell.menu} />
          <Link to="/" className="brand">
            <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
              <rect width="32" height="32" rx="8" fill="#4f46e5" />
              <path
                d="M10 22V10l12 12V10"
                fill="none"
                stroke="#fff"
                strokeWidth="3"
                strokeLinecap="round"
                strokeLinejoin="round"
              />
            </svg>
            {texts.product}
          </Link>
        </Group>
        <UnstyledButton className="search" onClick={search.open}>
          <Icon name="search" />
          <span className="ellipsis">{texts.shell.search}</span>
          <Kbd size="xs" visibleFrom="sm">
            Ctrl K
          </Kbd>
        </UnstyledButton>
        <Group gap={4} wrap="nowrap">
          <ThemeButton />
          <AccountMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="navbar" aria-label={texts.shell.navigation}>
        <AppShell.Section grow component={ScrollArea}>
          <Link to="/agents/new" className="new-agent">
            <Icon name="plus" />
            {texts.nav.newAgent}
          </Link>
          {NAVIGATION.map(({ title, items }, index) => (
            <Box key={title ?? index} mb="sm">
              {title !== undefined && <div className="nav-title">{title}</div>}
              {items.map(({ to, label, icon }) => (
                <Link key={to} to={to} className="nav-item" activeOptions={{ exact: to === '/' }}>
                  <Icon name={icon} />
                  {label}
                </Link>
              ))}
            </Box>
          ))}
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main>
        <div id="content" className="content" tabIndex={-1}>
          <Outlet />
        </div>
      </AppShell.Main>
      <Palette opened={isSearching} onClose={search.close} />
    </AppShell>
  );
}
