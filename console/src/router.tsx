import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { api, ApiError, queryClient } from './api/api';
import { getMe } from './client/sdk.gen';
import { Shell } from './components/shell';
import { Empty, ErrorBox, Loading, LinkButton, Page } from './components/ui';
import { SignIn } from './pages/sign-in';
import { texts } from './texts';

function NotFound(): ReactElement {
  return (
    <main className="alone">
      <Page title={texts.errors.notFoundTitle}>
        <Empty
          icon="search"
          title={texts.errors.notFoundTitle}
          text={texts.errors.notFoundText}
          action={<LinkButton to="/">{texts.nav.home}</LinkButton>}
        />
      </Page>
    </main>
  );
}

const root = createRootRoute({ notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search): { to?: string; code?: string } =>
    Object.fromEntries(
      ['to', 'code'].flatMap((name) => (typeof search[name] === 'string' ? [[name, search[name]]] : [])),
    ),
});

/** Everything but the sign-in: a visitor without one is sent there, and back afterwards. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: Shell,
  beforeLoad: async ({ location }) => {
    if (/^#?(?:sign-in|action)=/.test(location.hash)) redirect({ to: '/sign-in', hash: location.hash, throw: true });
    try {
      await queryClient.ensureQueryData({ queryKey: ['me'], queryFn: () => api(getMe()), staleTime: 60_000 });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href }, throw: true });
      throw error;
    }
  },
});

const loaders = import.meta.glob<Record<string, () => ReactElement>>('./pages/*.tsx');

/** The page that `pages/<file>.tsx` exports as `Page`, in a chunk of its own. */
const page = (path: string, file: string) =>
  createRoute({
    getParentRoute: () => signedIn,
    path,
    component: lazyRouteComponent(async () => {
      const load = loaders[`./pages/${file}.tsx`];
      if (!load) throw new Error(`There is no page ${file}`);
      return load();
    }, 'Page'),
  });

/** One line a page. Parameters are read with `useParams({ strict: false })`. */
const pages = [
  page('/', 'home'),
  page('/agents', 'agents'),
  page('/flows', 'flows'),
  page('/flows/new', 'flow-new'),
  page('/flows/$flowId', 'flow'),
  page('/flow-runs/$runId', 'flow-run'),
  page('/agents/new', 'new-agent'),
  page('/agents/$agentId', 'agent'),
  page('/builds', 'builds'),
  page('/builds/$projectId', 'build'),
  page('/playground', 'playground'),
  page('/runs', 'runs'),
  page('/runs/$runId', 'run'),
  page('/sessions', 'sessions'),
  page('/sessions/$sessionId', 'session'),
  page('/integrations', 'integrations'),
  page('/integrations/new', 'integration-new'),
  page('/integrations/$integrationId', 'integration'),
  page('/orchestration', 'orchestration'),
  page('/orchestration/partnerships/$partnershipId', 'partnership'),
  page('/orchestration/decisions/$decisionId', 'decision'),
  page('/settings', 'settings'),
];

export const router = createRouter({
  routeTree: root.addChildren([signIn, signedIn.addChildren(pages)]),
  basepath: '/console',
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: ({ error, reset }) => (
    <Page title={texts.errors.pageTitle}>
      <ErrorBox error={error} retry={reset} />
    </Page>
  ),
});
