import { ActionIcon, Autocomplete, Button, Group, Select, Stack, Switch, Text, Textarea, Tooltip } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { api, errorOf } from '../api/api';
import { readStream } from '../api/stream';
import { getInvocation, getModels, listAgentVersions, listMessages } from '../client/sdk.gen';
import { AgentSelect, agentChoices } from '../components/agent-choice';
import { SaveExample } from '../components/examples';
import { Icon } from '../components/icons';
import { useMay } from '../components/shell';
import { Markdown } from '../components/text';
import { Empty, ErrorBox, Loaded, Loading, notifyError, Page as Frame, Section, LinkButton } from '../components/ui';
import { calledBy, spansOfTrace, Waterfall } from '../components/waterfall';
import { count, duration, money } from '../format';
import { texts } from '../texts';

const t = texts.playground;

interface ToolCall {
  id: string;
  name: string;
  input: unknown;
  output?: unknown;
}

/** What runs: an agent, and what is chosen instead of its own version and model. */
interface Variant {
  agent: string | undefined;
  version?: string | undefined;
  model?: string | undefined;
}

interface Turn {
  id: number;
  /** Messages of the session before it. */
  before: number;
  /** The version and model that were chosen for it. */
  chosen: string;
  input: string;
  output: string;
  calls: ToolCall[];
  invocation_id?: string;
  status: 'streaming' | 'waiting' | 'done' | 'failed' | 'stopped';
  error?: unknown;
  duration_ms?: number;
  tokens?: number;
  cost_usd?: number | null;
}

interface Conversation {
  turns: Turn[];
  session_id: string | undefined;
  isBusy: boolean;
  /** @param instead the turn that this message replaces, with all that followed it */
  send: (input: string, instead?: Turn) => void;
  stop: () => void;
  reset: (session_id?: string) => void;
}

/** One conversation with an agent. Each turn is streamed; the session connects the turns. */
function useConversation({ agent: agent_id, version, model }: Variant): Conversation {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [session_id, setSession] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const abort = useRef<AbortController>(undefined);
  const next = useRef(1);
  const queries = useQueryClient();
  useEffect(() => () => abort.current?.abort(), []);

  const change = (id: number, with_: (turn: Turn) => Partial<Turn>): void =>
    setTurns((all) => all.map((turn) => (turn.id === id ? { ...turn, ...with_(turn) } : turn)));

  const send = (input: string, instead?: Turn): void => {
    if (agent_id === undefined || isBusy) return;
    const id = next.current++;
    const controller = new AbortController();
    abort.current = controller;
    const kept = instead === undefined ? turns : turns.filter((turn) => turn.id < instead.id);
    const before = instead?.before ?? messagesIn(turns);
    const chosen = [version, model].filter((one) => one !== undefined).join(' · ');
    setTurns([...kept, { id, before, chosen, input, output: '', calls: [], status: 'streaming' }]);
    setBusy(true);
    const session = session_id === undefined || before === 0 ? {} : { session_id };
    readStream(`/api/v1/agents/${encodeURIComponent(agent_id)}/invoke`, {
      body: {
        input_text: input,
        ...session,
        ...('session_id' in session && instead !== undefined ? { after: before } : {}),
        ...(version === undefined ? {} : { version }),
        ...(model === undefined ? {} : { model }),
      },
      signal: controller.signal,
      onEvent: ({ event, data }) => {
        if (event === 'start') {
          setSession(String(data['session_id']));
          change(id, () => ({ invocation_id: String(data['invocation_id']) }));
        } else if (event === 'delta') change(id, ({ output }) => ({ output: output + (data['text'] as string) }));
        else if (event === 'tool_call')
          change(id, ({ calls }) => ({
            status: 'streaming',
            calls: [
              ...calls,
              {
                id: String(data['call_id']),
                name: calledBy(data as { tool: string; agent?: string }),
                input: data['input'],
              },
            ],
          }));
        else if (event === 'tool_result')
          change(id, ({ calls }) => ({
            calls: calls.map((call) =>
              call.id === data['call_id'] ? { ...call, output: data['output'] ?? data['error'] } : call,
            ),
          }));
        else if (event === 'approval_required') change(id, () => ({ status: 'waiting' }));
        else if (event === 'approval_decided') change(id, () => ({ status: 'streaming' }));
        else if (event === 'done') {
          const usage = data['usage'] as { input_tokens: number; output_tokens: number } | undefined;
          change(id, () => ({
            status: 'done',
            output: data['output'] as string,
            duration_ms: Number(data['duration_ms']),
            cost_usd: data['cost_usd'] as number | null,
            ...(usage ? { tokens: usage.input_tokens + usage.output_tokens } : {}),
          }));
          // The next message need not wait until the stream is closed.
          setBusy(false);
        } else if (event === 'error')
          change(id, () => ({ status: 'failed', error: errorOf(500, 'error' in data ? data : { error: data }) }));
      },
    })
      .then(() => change(id, ({ status }) => (status === 'streaming' ? { status: 'stopped' } : {})))
      .catch((error: unknown) => change(id, () => ({ status: 'failed', error })))
      .finally(() => {
        if (abort.current === controller) setBusy(false);
        void queries.invalidateQueries({ queryKey: ['runs'] });
      });
  };

  const reset = (to?: string): void => {
    abort.current?.abort();
    setTurns([]);
    setSession(to);
    if (to === undefined) return;
    api(listMessages({ path: { session_id: to }, query: { limit: 100, order: 'asc' } }))
      .then(({ messages }) =>
        setTurns(
          messages.flatMap((message, index): Turn[] => {
            if (message.role !== 'user') return [];
            const answer = messages.slice(index + 1).find(({ role }) => role !== 'tool');
            const isAnswered = answer?.role === 'assistant';
            const meta = (isAnswered ? answer.metadata : {}) as { invocation_id?: string; duration_ms?: number };
            return [
              {
                id: next.current++,
                before: index,
                chosen: '',
                input: message.content,
                output: isAnswered ? answer.content : '',
                calls: [],
                status: 'done',
                ...meta,
              },
            ];
          }),
        ),
      )
      .catch(notifyError);
  };

  return {
    turns,
    session_id,
    isBusy,
    send,
    stop: () => abort.current?.abort(),
    reset,
  };
}

/** Messages that the session has after these turns: a turn without an answer left its question only. */
function messagesIn(turns: readonly Turn[]): number {
  const last = turns.at(-1);
  if (last === undefined) return 0;
  return last.before + (last.status === 'failed' || last.status === 'stopped' ? 1 : 2);
}

interface Search {
  agent?: string | undefined;
  version?: string | undefined;
  model?: string | undefined;
  session?: string;
  input?: string;
  beside?: string | undefined;
  beside_version?: string | undefined;
  beside_model?: string | undefined;
}

export function Page(): ReactElement {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const agents = useQuery(agentChoices);
  const [isComparing, setComparing] = useState(search.beside !== undefined);
  const running = agents.data?.filter(({ status }) => status === 'running') ?? [];
  const agent = search.agent ?? running[0]?.agent_id;
  const one: Variant = { agent, version: search.version, model: search.model };
  const other: Variant = {
    agent: search.beside ?? agent,
    version: search.beside_version,
    model: search.beside_model,
  };
  const left = useConversation(one);
  const right = useConversation(other);
  const [text, setText] = useState(search.input ?? '');
  const [selected, setSelected] = useState<string>();
  const input = useRef<HTMLTextAreaElement>(null);
  const { reset } = left;
  const opened = useRef<string>(undefined);
  useEffect(() => {
    if (search.session === undefined || opened.current === search.session) return;
    opened.current = search.session;
    reset(search.session);
  }, [search.session, reset]);

  const isBusy = left.isBusy || (isComparing && right.isBusy);
  const [edited, setEdited] = useState<number>();
  const startOver = (): void => {
    left.reset();
    right.reset();
    setSelected(undefined);
    setEdited(undefined);
  };
  /** Another agent starts over; another version or model continues the conversation. */
  const choose = (change: Partial<Search>): void => {
    if ('agent' in change || 'beside' in change) startOver();
    const { agent: _agent, session: _session, input: _input, ...kept } = search;
    void navigate({ to: '/playground', search: { agent, ...kept, ...change }, replace: true });
  };
  const send = (): void => {
    const words = text.trim();
    // What was typed stays until it can be sent.
    if (words === '' || isBusy) return;
    for (const talk of isComparing ? [left, right] : [left])
      talk.send(words, edited === undefined ? undefined : talk.turns[edited]);
    setText('');
    setSelected(undefined);
    setEdited(undefined);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const edit = (talk: Conversation, turn: Turn): void => {
    setEdited(talk.turns.indexOf(turn));
    setText(turn.input);
    input.current?.focus();
  };
  const retry = (talk: Conversation, turn: Turn): void => {
    talk.send(turn.input, turn);
    setSelected(undefined);
  };
  const shown =
    selected ??
    left.turns.findLast(({ invocation_id, status }) => invocation_id !== undefined && status !== 'streaming')
      ?.invocation_id;

  return (
    <Frame
      title={texts.nav.playground}
      note={t.note}
      actions={
        <Group gap="md">
          <Switch
            label={t.compare}
            checked={isComparing}
            onChange={(event) => setComparing(event.currentTarget.checked)}
            size="sm"
          />
          <Button variant="default" leftSection={<Icon name="plus" />} onClick={startOver}>
            {t.newConversation}
          </Button>
        </Group>
      }
    >
      <Loaded query={agents}>
        {() =>
          agent === undefined ? (
            <Section>
              <Empty
                icon="chat"
                title={t.noAgents}
                text={t.noAgentsText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            </Section>
          ) : (
            <div className="split" style={{ '--left': '1.5fr', '--right': '1fr' } as React.CSSProperties}>
              <Section flush>
                <div className={isComparing ? 'chat-sides' : undefined}>
                  <Side
                    labels={t.left}
                    variant={one}
                    onChange={choose}
                    talk={left}
                    selected={shown}
                    onSelect={setSelected}
                    onEdit={edit}
                    onRetry={retry}
                  />
                  {isComparing && (
                    <Side
                      labels={t.right}
                      variant={other}
                      onChange={(change) =>
                        choose({
                          ...('agent' in change ? { beside: change.agent } : {}),
                          ...('version' in change ? { beside_version: change.version } : {}),
                          ...('model' in change ? { beside_model: change.model } : {}),
                        })
                      }
                      talk={right}
                      selected={shown}
                      onSelect={setSelected}
                      onEdit={edit}
                      onRetry={retry}
                    />
                  )}
                </div>
                {edited !== undefined && (
                  <Group px="md" pt="xs" gap="xs" className="composer" role="status">
                    <Text size="xs" c="dimmed">
                      {t.editing}
                    </Text>
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      onClick={() => {
                        setEdited(undefined);
                        setText('');
                      }}
                    >
                      {texts.actions.cancel}
                    </Button>
                  </Group>
                )}
                <Group p="md" gap="xs" align="flex-end" wrap="nowrap" className="composer">
                  <Textarea
                    ref={input}
                    value={text}
                    onChange={(event) => setText(event.currentTarget.value)}
                    onKeyDown={onKey}
                    placeholder={t.placeholder}
                    aria-label={t.message}
                    autosize
                    minRows={1}
                    maxRows={8}
                    flex={1}
                    data-autofocus
                  />
                  {isBusy ? (
                    <Button
                      color="red"
                      variant="light"
                      leftSection={<Icon name="stop" />}
                      onClick={() => {
                        left.stop();
                        right.stop();
                      }}
                    >
                      {t.stop}
                    </Button>
                  ) : (
                    <Button leftSection={<Icon name="send" />} disabled={text.trim() === ''} onClick={send}>
                      {t.send}
                    </Button>
                  )}
                </Group>
              </Section>
              <TraceOf invocation_id={shown} />
            </div>
          )
        }
      </Loaded>
    </Frame>
  );
}

interface SideProps {
  labels: { agent: string; version: string; model: string };
  variant: Variant;
  onChange: (change: Partial<Variant>) => void;
  talk: Conversation;
  selected: string | undefined;
  onSelect: (invocation_id: string) => void;
  onEdit: (talk: Conversation, turn: Turn) => void;
  onRetry: (talk: Conversation, turn: Turn) => void;
}

/** The agent, and another version or model of it if wanted. */
function VariantChoice({
  labels,
  variant,
  onChange,
}: Pick<SideProps, 'labels' | 'variant' | 'onChange'>): ReactElement {
  const { agent, version, model } = variant;
  const versions = useQuery({
    queryKey: ['agent', agent, 'versions'],
    enabled: agent !== undefined,
    queryFn: () => api(listAgentVersions({ path: { agent_id: agent ?? '' }, query: { limit: 50 } })),
  });
  const models = useQuery({ queryKey: ['models'], queryFn: () => api(getModels()), staleTime: 60_000 });
  const [typed, setTyped] = useState(model ?? '');
  useEffect(() => setTyped(model ?? ''), [model]);
  const commit = (next: string): void => {
    const chosen = next.trim() === '' ? undefined : next.trim();
    if (chosen !== model) onChange({ model: chosen });
  };
  return (
    <>
      <AgentSelect
        label={labels.agent}
        value={agent}
        onChange={(next) => onChange({ agent: next, version: undefined })}
        running
        size="xs"
        flex="1 1 150px"
      />
      <Select
        aria-label={labels.version}
        placeholder={t.currentVersion}
        data={(versions.data?.versions ?? []).map((one) => ({
          value: one.version,
          label: one.current ? t.isCurrent(one.version) : one.version,
        }))}
        value={version ?? null}
        onChange={(next) => onChange({ version: next ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': texts.actions.clear }}
        size="xs"
        flex="1 1 110px"
      />
      <Autocomplete
        aria-label={labels.model}
        placeholder={t.ownModel}
        data={(models.data?.prices ?? []).map(({ id }) => id)}
        value={typed}
        onChange={setTyped}
        onOptionSubmit={commit}
        onBlur={() => commit(typed)}
        onKeyDown={(event) => event.key === 'Enter' && commit(typed)}
        limit={20}
        clearable
        onClear={() => commit('')}
        clearButtonProps={{ 'aria-label': texts.actions.clear }}
        size="xs"
        flex="1 1 120px"
      />
    </>
  );
}

function Side({ labels, variant, onChange, talk, selected, onSelect, onEdit, onRetry }: SideProps): ReactElement {
  const [kept, setKept] = useState<Turn>();
  const may = useMay('developer');
  const end = useRef<HTMLDivElement>(null);
  const length = talk.turns.reduce((sum, { output, calls }) => sum + output.length + calls.length + 1, 0);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [length]);
  return (
    <div className="chat-side">
      <Group px="md" py="sm" gap="xs" className="section-head">
        <VariantChoice labels={labels} variant={variant} onChange={onChange} />
        {talk.session_id !== undefined && (
          <Text size="xs">
            <Link to={`/sessions/${talk.session_id}`}>{t.session}</Link>
          </Text>
        )}
      </Group>
      <div className="chat" tabIndex={0} role="log" aria-label={t.conversation}>
        {talk.turns.length === 0 && <Empty icon="chat" title={t.startTitle} text={t.startText} />}
        {talk.turns.map((turn) => (
          <div key={turn.id} className="turn">
            <div className="bubble" data-role="user">
              <span className="plain-text">{turn.input}</span>
            </div>
            {turn.calls.map((call) => (
              <details key={call.id} className="call">
                <summary>
                  <Icon name="tool" size={14} /> {call.name}
                  <small>{call.output === undefined ? t.calling : t.called}</small>
                </summary>
                <pre tabIndex={0}>{JSON.stringify(call.input, null, 2)}</pre>
                {call.output !== undefined && (
                  <pre tabIndex={0}>
                    {typeof call.output === 'string' ? call.output : JSON.stringify(call.output, null, 2)}
                  </pre>
                )}
              </details>
            ))}
            {turn.output !== '' && (
              <div className="bubble" data-role="assistant">
                <Markdown text={turn.output} />
              </div>
            )}
            {turn.status === 'streaming' && turn.output === '' && (
              <span className="typing" role="status" aria-label={t.thinking} />
            )}
            {turn.status === 'waiting' && turn.invocation_id !== undefined && (
              <Text size="sm">
                {t.waits} <Link to={`/runs/${turn.invocation_id}`}>{t.decide}</Link>
              </Text>
            )}
            {turn.error !== undefined && <ErrorBox error={turn.error} />}
            {turn.status !== 'streaming' && (
              <Group gap={4} className="turn-foot">
                {turn.status === 'stopped' && <span>{t.stopped}</span>}
                {turn.duration_ms !== undefined && <span>{duration(turn.duration_ms)}</span>}
                {turn.tokens !== undefined && <span>{t.tokens(count(turn.tokens))}</span>}
                {turn.cost_usd != null && turn.cost_usd > 0 && <span>{money(turn.cost_usd)}</span>}
                {turn.chosen !== '' && <span>{turn.chosen}</span>}
                <Group gap={4} wrap="nowrap">
                  {turn.invocation_id !== undefined && (
                    <Button
                      size="compact-xs"
                      variant={selected === turn.invocation_id ? 'light' : 'subtle'}
                      onClick={() => onSelect(turn.invocation_id ?? '')}
                      aria-pressed={selected === turn.invocation_id}
                    >
                      {t.trace}
                    </Button>
                  )}
                  <Tooltip label={t.retry}>
                    <ActionIcon size="sm" onClick={() => onRetry(talk, turn)} aria-label={t.retry}>
                      <Icon name="refresh" size={14} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label={t.edit}>
                    <ActionIcon size="sm" onClick={() => onEdit(talk, turn)} aria-label={t.edit}>
                      <Icon name="edit" size={14} />
                    </ActionIcon>
                  </Tooltip>
                  {turn.status === 'done' && may && (
                    <Tooltip label={t.keep}>
                      <ActionIcon size="sm" onClick={() => setKept(turn)} aria-label={t.keep}>
                        <Icon name="save" size={14} />
                      </ActionIcon>
                    </Tooltip>
                  )}
                </Group>
              </Group>
            )}
          </div>
        ))}
        <div ref={end} />
      </div>
      {kept !== undefined && variant.agent !== undefined && (
        <SaveExample
          agent_id={variant.agent}
          turn={{
            input: kept.input,
            output: kept.output,
            tools: kept.calls.map(({ name }) => name),
            invocation_id: kept.invocation_id,
          }}
          onClose={() => setKept(undefined)}
        />
      )}
    </div>
  );
}

function TraceOf({ invocation_id }: { invocation_id: string | undefined }): ReactElement {
  const run = useQuery({
    queryKey: ['run', invocation_id],
    enabled: invocation_id !== undefined,
    queryFn: () => api(getInvocation({ path: { invocation_id: invocation_id ?? '' } })),
    refetchInterval: ({ state }) =>
      state.data?.status === 'running' || state.data?.status === 'waiting' ? 1_500 : false,
  });
  return (
    <Section
      title={t.traceTitle}
      actions={invocation_id !== undefined && <Link to={`/runs/${invocation_id}`}>{t.openRun}</Link>}
    >
      {invocation_id === undefined ? (
        <Empty icon="runs" title={t.noTrace} text={t.noTraceText} />
      ) : run.data ? (
        <Stack gap="sm">
          <Group gap="md">
            <Text size="xs" c="dimmed">
              {run.data.model}
            </Text>
            <Text size="xs" c="dimmed">
              {duration(run.data.duration_ms)}
            </Text>
            <Text size="xs" c="dimmed">
              {t.tokens(count(run.data.usage.input_tokens + run.data.usage.output_tokens))}
            </Text>
            <Text size="xs" c="dimmed">
              {money(run.data.cost_usd)}
            </Text>
          </Group>
          <Waterfall
            spans={spansOfTrace(run.data.trace?.steps ?? [], run.data.created_at)}
            total={run.data.duration_ms ?? undefined}
          />
        </Stack>
      ) : run.error ? (
        <ErrorBox error={run.error} />
      ) : (
        <Loading />
      )}
    </Section>
  );
}
