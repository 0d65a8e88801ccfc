import { Anchor, Button, Divider, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type FormEvent, type ReactElement } from 'react';
import { api, ApiError } from '../api/api';
import {
  acceptInvitation,
  confirmRegistration,
  createBrowserSession,
  createBrowserSessionWithLink,
  createBrowserSessionWithTotp,
  exchangeCode,
  forgotPassword,
  getSignInOptions,
  refreshBrowserSession,
  register,
  requestMagicLink,
  resetPassword,
  verifyEmail,
  verifyMagicLink,
} from '../client/sdk.gen';
import { ErrorBox } from '../components/ui';
import { texts } from '../texts';

const t = texts.signIn;

type Mode = keyof typeof t.modes;

/** What a mail asks for in the fragment of its link: `#action=<purpose>&token=<token>`. */
const MODES_OF_MAILS: Readonly<Record<string, Mode>> = {
  registration: 'confirm',
  password_reset: 'reset',
  magic_link: 'link',
  email_verification: 'verify',
  invitation: 'invitation',
};

type Field = 'email' | 'password' | 'code' | 'token' | 'name' | 'organization_name';

/** What each form asks for. The token of a mail comes with its link or is pasted. */
const FIELDS: Readonly<Record<Mode, readonly Field[]>> = {
  password: ['email', 'password'],
  totp: ['code'],
  register: ['name', 'organization_name', 'email', 'password'],
  confirm: ['token'],
  forgot: ['email'],
  reset: ['token', 'password'],
  askLink: ['email'],
  link: ['token'],
  verify: ['token'],
  invitation: ['token', 'name', 'password'],
  exchange: ['password'],
};

/** Also for an address that has the password as a second proof. */
const OPTIONAL: ReadonlySet<Field> = new Set(['name']);

interface Answer {
  challenge_token?: string;
  refresh_token?: string;
}

/**
 * Every way in: a password with a second factor where the account has one, a provider, a mailed link, a registration, an invitation, and
 * the one-time link that a start in development prints.
 */
export function SignIn(): ReactElement {
  const { to, code: handedOver }: { to?: string; code?: string } = useSearch({ strict: false });
  const hash = useRouterState({ select: (state) => state.location.hash }).replace(/^#/, '');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const options = useQuery({
    queryKey: ['sign-in options'],
    queryFn: () => api(getSignInOptions()),
    staleTime: Infinity,
  });
  const [mode, setMode] = useState<Mode>('password');
  const [challenge, setChallenge] = useState('');
  const [token, setToken] = useState('');
  const [note, setNote] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const addressUsed = useRef(false);
  /** The token of a mail that can be used only after a sign-in. */
  const toVerify = useRef<string>(undefined);

  useEffect(() => {
    document.title = `${t.submit} · ${texts.product}`;
  }, []);

  const show = (next: Mode, said?: string): void => {
    setMode(next);
    setNote(said);
    setError(undefined);
  };

  const enter = async (): Promise<void> => {
    queries.clear();
    const verifying = toVerify.current;
    toVerify.current = undefined;
    if (verifying !== undefined) await api(verifyEmail({ body: { token: verifying } }));
    await navigate({ to: to ?? '/', replace: true, hash: '', search: {} });
  };

  /** Tokens of other ways in move into cookies that scripts cannot read. */
  const signedIn = async (call: Promise<object>): Promise<void> => {
    const answer: Answer = await call;
    if (answer.challenge_token !== undefined) {
      setChallenge(answer.challenge_token);
      return show('totp');
    }
    if (answer.refresh_token !== undefined)
      await api(refreshBrowserSession({ body: { refresh_token: answer.refresh_token } }));
    await enter();
  };

  const attempt = async (call: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await call();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  const exchange = (password?: string): Promise<void> =>
    attempt(async () => {
      try {
        await signedIn(api(exchangeCode({ body: { code: handedOver ?? '', ...(password ? { password } : {}) } })));
      } catch (failure) {
        // The account never verified its address: its password proves whose it is.
        if (failure instanceof ApiError && failure.status === 409) show('exchange');
        throw failure;
      }
    });

  useEffect(() => {
    const startCode = /^sign-in=(nxl_[\w-]+)$/.exec(hash)?.[1];
    const mailed = /^action=(\w+)&token=([\w-]+)$/.exec(hash);
    if (addressUsed.current || (startCode ?? mailed?.[1] ?? handedOver) === undefined) return;
    addressUsed.current = true;
    // Codes and tokens work once: they must not stay in the address, which browsers keep.
    history.replaceState(history.state, '', location.pathname);
    if (startCode !== undefined) {
      void attempt(() => signedIn(api(createBrowserSessionWithLink({ body: { code: startCode } }))));
    } else if (mailed?.[1] !== undefined) {
      setToken(mailed[2] ?? '');
      show(MODES_OF_MAILS[mailed[1]] ?? 'password');
    } else void exchange();
  });

  const submits: Record<Mode, (field: (name: Field) => string) => Promise<void>> = {
    password: (field) =>
      signedIn(api(createBrowserSession({ body: { email: field('email'), password: field('password') } }))),
    totp: (field) =>
      signedIn(api(createBrowserSessionWithTotp({ body: { challenge_token: challenge, code: field('code') } }))),
    register: async (field) => {
      const body = { name: field('name'), organization_name: field('organization_name') };
      await api(register({ body: { ...body, email: field('email'), password: field('password') } }));
      show('confirm', t.mailed(field('email')));
    },
    confirm: (field) => signedIn(api(confirmRegistration({ body: { token: field('token') } }))),
    forgot: async (field) => {
      await api(forgotPassword({ body: { email: field('email') } }));
      show('reset', t.mailed(field('email')));
    },
    reset: async (field) => {
      await api(resetPassword({ body: { token: field('token'), password: field('password') } }));
      show('password', t.passwordSet);
    },
    askLink: async (field) => {
      await api(requestMagicLink({ body: { email: field('email') } }));
      show('link', t.mailed(field('email')));
    },
    link: (field) => signedIn(api(verifyMagicLink({ body: { token: field('token') } }))),
    verify: async (field) => {
      try {
        await api(verifyEmail({ body: { token: field('token') } }));
        await enter();
      } catch (failure) {
        if (!(failure instanceof ApiError) || failure.status !== 401) throw failure;
        toVerify.current = field('token');
        show('password', t.signInToVerify);
      }
    },
    invitation: (field) => {
      const name = field('name');
      const body = { invitation_token: field('token'), password: field('password'), ...(name === '' ? {} : { name }) };
      return signedIn(api(acceptInvitation({ body })));
    },
    exchange: (field) => exchange(field('password')),
  };

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (name: Field): string => {
      const value = form.get(name);
      const text = typeof value === 'string' ? value : '';
      return name === 'password' ? text : text.trim();
    };
    void attempt(() => submits[mode](field));
  };

  const { providers = [], registration = false, mail = false } = options.data ?? {};
  const links: readonly (readonly [Mode, boolean])[] = [
    ['password', mode !== 'password'],
    ['askLink', mode === 'password' && mail],
    ['forgot', mode === 'password' && mail],
    ['register', mode === 'password' && registration],
  ];
  const isNew = mode === 'register' || mode === 'reset' || mode === 'invitation';
  return (
    <main className="sign-in">
      <Paper withBorder p="xl" radius="lg" w="100%" maw={400}>
        <form onSubmit={submit} key={mode}>
          <Stack>
            <svg width="40" height="40" viewBox="0 0 32 32" aria-hidden="true">
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
            <Title order={1}>{t.modes[mode].title}</Title>
            {note !== undefined && (
              <Text size="sm" role="status">
                {note}
              </Text>
            )}
            {to !== undefined && mode === 'password' && note === undefined && error === undefined && (
              <Text size="sm" c="dimmed">
                {t.expired}
              </Text>
            )}
            {error !== undefined && <ErrorBox error={error} />}
            {FIELDS[mode].map((name) =>
              name === 'password' ? (
                <PasswordInput
                  key={name}
                  name={name}
                  label={isNew ? t.newPassword : t.password}
                  {...(isNew ? { description: mode === 'invitation' ? t.invitedPassword : t.passwordHint } : {})}
                  autoComplete={isNew ? 'new-password' : 'current-password'}
                  required
                />
              ) : name === 'token' && token !== '' ? (
                <input key={name} type="hidden" name={name} value={token} />
              ) : (
                <TextInput
                  key={name}
                  name={name}
                  label={t.fields[name]}
                  {...(name === 'code' ? { description: t.codeHint, inputMode: 'numeric', autoFocus: true } : {})}
                  {...(name === 'name' && mode === 'invitation' ? { description: t.invitedName } : {})}
                  {...(name === 'email' ? { type: 'email' } : {})}
                  autoComplete={AUTO_COMPLETE[name]}
                  required={mode !== 'invitation' || !OPTIONAL.has(name)}
                />
              ),
            )}
            <Button type="submit" loading={busy} size="md">
              {t.modes[mode].submit}
            </Button>
            {mode === 'password' &&
              providers.map(({ name, label, path }) => (
                <Button key={name} component="a" href={path} variant="default" size="md">
                  {t.through(label)}
                </Button>
              ))}
            <Group gap="md">
              {links
                .filter(([, isShown]) => isShown)
                .map(([next]) => (
                  <Anchor key={next} component="button" type="button" size="sm" onClick={() => show(next)}>
                    {t.modes[next].link}
                  </Anchor>
                ))}
            </Group>
            {mode === 'password' && (
              <>
                <Divider />
                <Text size="xs" c="dimmed">
                  {t.hint}
                </Text>
              </>
            )}
          </Stack>
        </form>
      </Paper>
    </main>
  );
}

const AUTO_COMPLETE: Readonly<Record<Exclude<Field, 'password'>, string>> = {
  email: 'username',
  code: 'one-time-code',
  token: 'off',
  name: 'name',
  organization_name: 'organization',
};
