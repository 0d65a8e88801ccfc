import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { api } from '../api/api';
import { deleteSession, getSession, listMessages, listSessionDocuments } from '../client/sdk.gen';
import type { MessageDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { usePages } from '../components/list';
import { useMay } from '../components/shell';
import { JsonView, Markdown } from '../components/text';
import {
  Ago,
  DangerButton,
  Empty,
  ErrorBox,
  Id,
  Loaded,
  Loading,
  notify,
  Page as Frame,
  Section,
  Status,
  LinkButton,
} from '../components/ui';
import { agentNameOf, count, duration } from '../format';
import { texts } from '../texts';

const t = texts.session;

export function Page(): ReactElement {
  const { sessionId = '' }: { sessionId?: string } = useParams({ strict: false });
  const path = { session_id: sessionId };
  const session = useQuery({ queryKey: ['session', sessionId], queryFn: () => api(getSession({ path })) });
  const messages = usePages(['session', sessionId, 'messages'], async (last_key) => {
    const page = await api(
      listMessages({ path, query: { limit: 100, order: 'asc', ...(last_key === undefined ? {} : { last_key }) } }),
    );
    return { items: page.messages, last_key: page.last_key };
  });
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMay('developer');
  const all = messages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Loaded query={session}>
      {(data) => (
        <Frame
          crumb={
            <Link to="/sessions" search={data.agent_id === '' ? {} : { agent: data.agent_id }}>
              {texts.nav.sessions}
            </Link>
          }
          title={data.display_name}
          note={
            <Group gap="sm">
              <Status value={data.status} />
              {data.agent_id !== '' && (
                <Link to={`/agents/${encodeURIComponent(data.agent_id)}`}>{agentNameOf(data.agent_id)}</Link>
              )}
              <span>{t.messages(data.message_count)}</span>
              <Id value={data.session_id} />
            </Group>
          }
          actions={
            <>
              {data.status === 'active' && data.agent_id !== '' && (
                <LinkButton
                  to="/playground"
                  search={{ agent: data.agent_id, session: data.session_id }}
                  leftSection={<Icon name="chat" />}
                >
                  {t.continue}
                </LinkButton>
              )}
              {may && (
                <DangerButton
                  label={t.end}
                  title={t.endTitle}
                  text={t.endText(data.message_count)}
                  onConfirm={async () => {
                    await api(deleteSession({ path }));
                    await queries.invalidateQueries({ queryKey: ['sessions'] });
                    notify(t.ended);
                    await navigate({ to: '/sessions' });
                  }}
                />
              )}
            </>
          }
        >
          <div className="split" style={{ '--left': '2.4fr', '--right': '1fr' } as React.CSSProperties}>
            <Section>
              {messages.error && <ErrorBox error={messages.error} retry={() => void messages.refetch()} />}
              {messages.isPending ? (
                <Loading />
              ) : all.length === 0 ? (
                <Empty icon="chat" title={t.empty} text={t.emptyText} />
              ) : (
                <Stack gap="md">
                  {all.map((message) => (
                    <Message key={message.message_id} message={message} />
                  ))}
                  {messages.hasNextPage && (
                    <Button
                      variant="subtle"
                      loading={messages.isFetchingNextPage}
                      onClick={() => void messages.fetchNextPage()}
                    >
                      {texts.actions.more}
                    </Button>
                  )}
                </Stack>
              )}
            </Section>
            <Stack gap="md">
              <Section title={t.about}>
                <dl className="facts">
                  <dt>{t.started}</dt>
                  <dd>
                    <Ago at={data.created_at} />
                  </dd>
                  <dt>{t.last}</dt>
                  <dd>
                    <Ago at={data.last_active_at} />
                  </dd>
                  <dt>{t.mode}</dt>
                  <dd>{texts.sessions.modes[data.conversation_mode] ?? data.conversation_mode}</dd>
                  <dt>{t.user}</dt>
                  <dd>
                    <Id value={data.user_id} short />
                  </dd>
                </dl>
                {Object.keys(data.metadata).length > 0 && <JsonView value={data.metadata} label={t.metadata} />}
              </Section>
              <Documents session_id={sessionId} />
            </Stack>
          </div>
        </Frame>
      )}
    </Loaded>
  );
}

function Documents({ session_id }: { session_id: string }): ReactElement {
  const query = usePages(['session', session_id, 'documents'], async (last_key) => {
    const wish = { limit: 50, ...(last_key === undefined ? {} : { last_key }) };
    const page = await api(listSessionDocuments({ path: { session_id }, query: wish }));
    return { items: page.documents, last_key: page.last_key };
  });
  const documents = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Section title={t.documents}>
      {query.error ? (
        <ErrorBox error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Loading rows={1} />
      ) : documents.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t.noDocuments}
        </Text>
      ) : (
        <Stack gap="xs" component="ul" className="plain-list">
          {documents.map(({ file_id, filename, characters, uploaded_at }) => (
            <li key={file_id} className="two-lines">
              {filename}
              <small>
                {characters === null ? '' : `${t.characters(count(characters))} · `}
                <Ago at={uploaded_at} />
              </small>
            </li>
          ))}
        </Stack>
      )}
      {query.hasNextPage && (
        <Button variant="subtle" size="xs" onClick={() => void query.fetchNextPage()}>
          {texts.actions.more}
        </Button>
      )}
    </Section>
  );
}

function Message({ message }: { message: MessageDto }): ReactElement {
  const { role, content, metadata, created_at, calls } = message;
  const { invocation_id, duration_ms, usage } = metadata as {
    invocation_id?: string;
    duration_ms?: number;
    usage?: { input_tokens: number; output_tokens: number };
  };
  return (
    <article className="message" data-role={role}>
      <header>
        <strong>{t.roles[role] ?? role}</strong>
        <Ago at={created_at} />
      </header>
      {role === 'assistant' ? (
        <Markdown text={content} />
      ) : (
        <Text size="sm" className="plain-text">
          {content}
        </Text>
      )}
      {calls?.map((call) => (
        <JsonView key={call.call_id} value={call} label={call.tool} />
      ))}
      {invocation_id !== undefined && (
        <footer>
          <Link to={`/runs/${invocation_id}`}>{t.openRun}</Link>
          {duration_ms !== undefined && <span>{duration(duration_ms)}</span>}
          {usage && <span>{t.tokens(count(usage.input_tokens + usage.output_tokens))}</span>}
        </footer>
      )}
    </article>
  );
}
