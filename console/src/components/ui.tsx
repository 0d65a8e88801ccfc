import {
  ActionIcon,
  Alert,
  Badge,
  Box,
  Button,
  type ButtonProps,
  Code,
  CopyButton,
  Group,
  Modal,
  Paper,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
  Tooltip,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement, type ReactNode } from 'react';
import { ApiError } from '../api/api';
import { texts } from '../texts';
import { ago, dateTime } from '../format';
import { Icon, type IconName } from './icons';

/** A page: its title, what belongs to it in one line, and its actions. Sets the title of the document. */
export function Page(props: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  /** Above the title: where the page belongs. */
  crumb?: ReactNode;
  children: ReactNode;
}): ReactElement {
  const { title, note, actions, crumb, children } = props;
  useEffect(() => {
    document.title = `${title} · Nexus`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box miw={0} style={{ flex: '1 1 18rem' }}>
          {crumb !== undefined && (
            <Text size="sm" c="dimmed" component="div" mb={2}>
              {crumb}
            </Text>
          )}
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {note !== undefined && (
            <Text size="sm" c="dimmed" component="div" mt={4}>
              {note}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A titled part of a page. */
export function Section(props: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  className?: string;
}): ReactElement {
  const { title, actions, children, flush = false, className } = props;
  return (
    <Paper withBorder radius="md" component="section" className={className} style={{ overflow: 'hidden' }}>
      {(title !== undefined || actions !== undefined) && (
        <Group justify="space-between" px="md" py="sm" gap="xs" className="section-head">
          <Title order={2}>{title}</Title>
          {actions}
        </Group>
      )}
      <Box p={flush ? 0 : 'md'}>{children}</Box>
    </Paper>
  );
}

/** What went wrong, what to do, and the id to find it in the logs by. */
export function ErrorBox({
  error,
  retry,
  title,
}: {
  error: unknown;
  retry?: () => void;
  title?: string;
}): ReactElement {
  const known = error instanceof ApiError ? error : undefined;
  const faults = known ? faultsOf(known.details) : [];
  return (
    <Alert
      color="red"
      variant="light"
      icon={<Icon name="alert" size={18} />}
      title={title ?? known?.message ?? texts.errors.unexpected}
      role="alert"
    >
      <Stack gap="xs">
        {title !== undefined && known && <Text size="sm">{known.message}</Text>}
        {!known && error instanceof Error && <Text size="sm">{error.message}</Text>}
        {faults.length > 0 && (
          <ul className="plain-list">
            {faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        )}
        {known?.suggestion !== undefined && <Text size="sm">{known.suggestion}</Text>}
        <Group gap="sm">
          {retry && (
            <Button size="xs" variant="default" onClick={retry}>
              {texts.actions.retry}
            </Button>
          )}
          {known?.trace_id !== undefined && (
            <Text size="xs" component="span">
              {texts.errors.trace} <Id value={known.trace_id} />
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

/** The faults that an error names: of fields as `field: fault`, of documents with their place and what to do. */
function faultsOf(details: Record<string, unknown>): string[] {
  const { fields, faults: placed } = details;
  if (Array.isArray(placed))
    return placed.map((fault: Record<string, unknown>) =>
      [
        typeof fault['line'] === 'number' ? `line ${fault['line']}` : '',
        fault['path'] ?? fault['pointer'],
        fault['message'],
        fault['suggestion'],
      ]
        .filter((part) => typeof part === 'string' && part !== '')
        .join(' · '),
    );
  if (typeof fields !== 'object' || fields === null) return [];
  return Object.entries(fields).flatMap(([field, faults]) =>
    (Array.isArray(faults) ? faults : [faults]).map((fault) => `${field}: ${String(fault)}`),
  );
}

/** Nothing here yet: what this is for and the next step. */
export function Empty(props: { icon: IconName; title: string; text: string; action?: ReactNode }): ReactElement {
  const { icon, title, text, action } = props;
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Box className="empty-mark">
        <Icon name={icon} size={22} />
      </Box>
      <Text fw={600}>{title}</Text>
      <Text size="sm" c="dimmed" maw={440}>
        {text}
      </Text>
      {action !== undefined && <Box mt="xs">{action}</Box>}
    </Stack>
  );
}

/** Placeholder of content that is being loaded. */
export function Loading({ rows = 4 }: { rows?: number }): ReactElement {
  return (
    <Stack gap="sm" aria-busy="true" aria-label={texts.loading} role="status" p="md">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={18} width={`${92 - ((row * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}

/** The states of a query: loading, failed, or its data. */
export function Loaded<T>(props: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  children: (data: T) => ReactNode;
  rows?: number;
}): ReactElement {
  const { query, children, rows } = props;
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorBox error={query.error} retry={() => void query.refetch()} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}

const STATUS_COLORS: Readonly<Record<string, string>> = {
  running: 'indigo',
  building: 'indigo',
  pending: 'gray',
  pausing: 'yellow',
  paused: 'yellow',
  waiting: 'yellow',
  queued: 'gray',
  retrying: 'orange',
  compensating: 'orange',
  compensated: 'orange',
  timed_out: 'red',
  completed: 'green',
  success: 'green',
  succeeded: 'green',
  active: 'green',
  healthy: 'green',
  ready: 'green',
  passed: 'green',
  approved: 'green',
  published: 'green',
  online: 'green',
  connected: 'green',
  failed: 'red',
  error: 'red',
  unhealthy: 'red',
  contradicted: 'red',
  rejected: 'red',
  breaking: 'red',
  critical: 'red',
  degraded: 'orange',
  warning: 'orange',
  expired: 'orange',
  cancelled: 'gray',
  skipped: 'gray',
  archived: 'gray',
  offline: 'gray',
  closed: 'gray',
  importing: 'indigo',
  deleting: 'orange',
  revoked: 'gray',
  draft: 'gray',
};

export function Status({ value, label }: { value: string; label?: string }): ReactElement {
  const color = STATUS_COLORS[value] ?? 'gray';
  const isLive = value === 'running' || value === 'building';
  return (
    <Badge color={color} leftSection={<span className={isLive ? 'dot dot-live' : 'dot'} aria-hidden="true" />}>
      {label ?? texts.statuses[value] ?? value}
    </Badge>
  );
}

/** An id in full, that a click copies. */
export function Id({ value, short = false }: { value: string; short?: boolean }): ReactElement {
  const shown = short && value.length > 20 ? `${value.slice(0, 9)}…${value.slice(-6)}` : value;
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip
          label={copied ? texts.copied : shown === value ? texts.actions.copy : `${texts.actions.copy} ${value}`}
        >
          <button type="button" className="id" onClick={copy} aria-label={`${shown}: ${texts.actions.copy}`}>
            {shown}
          </button>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Code with a button that copies it. */
export function CopyableCode({
  code,
  label,
  maxHeight = 420,
}: {
  code: string;
  label?: string;
  maxHeight?: number;
}): ReactElement {
  return (
    <Box pos="relative" className="code-box">
      <CopyButton value={code}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? texts.copied : texts.actions.copy}>
            <ActionIcon
              className="code-copy"
              variant="default"
              onClick={copy}
              aria-label={`${texts.actions.copy} ${label ?? ''}`.trim()}
            >
              <Icon name={copied ? 'check' : 'copy'} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
      <Code block tabIndex={0} style={{ maxHeight, overflow: 'auto' }} aria-label={label}>
        {code}
      </Code>
    </Box>
  );
}

/** How long ago, with the whole time in a tooltip. */
export function Ago({ at }: { at: string | null | undefined }): ReactElement {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null || at === undefined)
    return (
      <Text span c="dimmed">
        –
      </Text>
    );
  return (
    <Tooltip label={dateTime(at)}>
      <time dateTime={at}>{ago(at)}</time>
    </Tooltip>
  );
}

/** One figure with its name. */
export function Stat({
  label,
  value,
  note,
  tone,
}: {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  tone?: 'bad' | 'good';
}): ReactElement {
  return (
    <Box className="stat" data-tone={tone}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text className="stat-value">{value}</Text>
      {note !== undefined && (
        <Text size="xs" c="dimmed" component="div">
          {note}
        </Text>
      )}
    </Box>
  );
}

/**
 * A button for what cannot be taken back: asks first, and says what goes. With `typed`, the person types that text to confirm.
 */
export function DangerButton(props: {
  label: string;
  title: string;
  /** What goes, what stays. */
  text: ReactNode;
  typed?: string;
  onConfirm: () => Promise<unknown>;
  compact?: boolean;
  disabled?: boolean;
}): ReactElement {
  const { label, title, text, typed, onConfirm, compact = false, disabled = false } = props;
  const [isOpen, setOpen] = useState(false);
  const [entered, setEntered] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = (): void => {
    setOpen(false);
    setEntered('');
    setError(undefined);
  };
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm();
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {compact ? (
        <Tooltip label={label}>
          <ActionIcon onClick={() => setOpen(true)} aria-label={label} disabled={disabled}>
            <Icon name="trash" />
          </ActionIcon>
        </Tooltip>
      ) : (
        <Button variant="light" color="red" onClick={() => setOpen(true)} disabled={disabled}>
          {label}
        </Button>
      )}
      <Modal
        opened={isOpen}
        onClose={close}
        title={<Text fw={650}>{title}</Text>}
        closeButtonProps={{ 'aria-label': texts.actions.close }}
      >
        <Stack>
          <Text size="sm" component="div">
            {text}
          </Text>
          {typed !== undefined && (
            <TextInput
              label={texts.confirm.type(typed)}
              value={entered}
              onChange={(event) => setEntered(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {error !== undefined && <ErrorBox error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {texts.actions.cancel}
            </Button>
            <Button
              color="red"
              loading={busy}
              disabled={typed !== undefined && entered !== typed}
              onClick={() => void confirm()}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

/** A link to a page of the console that looks like a button. */
export function LinkButton(
  props: ButtonProps & { to: string; search?: Record<string, unknown>; children: ReactNode },
): ReactElement {
  const { to, search, ...rest } = props;
  return <Button component={Link} to={to} search={(search ?? {}) as never} {...rest} />;
}

/** A short note that something was done. */
export function notify(message: string): void {
  notifications.show({ message, color: 'green', autoClose: 4_000, withBorder: true });
}

/** A failed action that has no place of its own on the page. */
export function notifyError(error: unknown): void {
  notifications.show({
    message: <ErrorBox error={error} />,
    color: 'red',
    autoClose: false,
    withBorder: true,
  });
}
