import { Button, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type FormEvent, type ReactElement } from 'react';
import { api } from '../api/api';
import { createBrowserSession, createBrowserSessionWithLink, createBrowserSessionWithTotp } from '../client/sdk.gen';
import { ErrorBox } from '../components/ui';
import { texts } from '../texts';

const t = texts.signIn;

/** A password, a second factor where the account has one, or the one-time link that a start in development prints. */
export function SignIn(): ReactElement {
  const { to }: { to?: string } = useSearch({ strict: false });
  const hash = useRouterState({ select: (state) => state.location.hash });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [challenge, setChallenge] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const linkUsed = useRef(false);

  useEffect(() => {
    document.title = `${t.submit} · ${texts.product}`;
  }, []);

  const attempt = async (
    call: () => Promise<{ totp_required?: boolean; challenge_token?: string } | object>,
  ): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await call();
      if ('challenge_token' in answer && typeof answer.challenge_token === 'string')
        setChallenge(answer.challenge_token);
      else {
        queries.clear();
        await navigate({ to: to ?? '/', replace: true, hash: '' });
      }
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  const code = /^#?sign-in=(nxl_[\w-]+)$/.exec(hash)?.[1];
  useEffect(() => {
    if (code === undefined || linkUsed.current) return;
    linkUsed.current = true;
    // The code works once: it must not stay in the address, which browsers keep.
    history.replaceState(history.state, '', location.pathname + location.search);
    void attempt(() => api(createBrowserSessionWithLink({ body: { code } })));
  });

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value : '';
    };
    if (challenge === undefined)
      void attempt(() =>
        api(createBrowserSession({ body: { email: field('email').trim(), password: field('password') } })),
      );
    else
      void attempt(() =>
        api(createBrowserSessionWithTotp({ body: { challenge_token: challenge, code: field('code').trim() } })),
      );
  };

  return (
    <main className="sign-in">
      <Paper withBorder p="xl" radius="lg" w="100%" maw={400}>
        <form onSubmit={submit}>
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
            <Title order={1}>{t.title}</Title>
            {to !== undefined && error === undefined && (
              <Text size="sm" c="dimmed">
                {t.expired}
              </Text>
            )}
            {error !== undefined && <ErrorBox error={error} />}
            {challenge === undefined ? (
              <>
                <TextInput name="email" type="email" label={t.email} autoComplete="username" required />
                <PasswordInput name="password" label={t.password} autoComplete="current-password" required />
              </>
            ) : (
              <TextInput
                name="code"
                label={t.code}
                description={t.codeHint}
                autoComplete="one-time-code"
                inputMode="numeric"
                required
                autoFocus
              />
            )}
            <Button type="submit" loading={busy} size="md">
              {challenge === undefined ? t.submit : t.submitCode}
            </Button>
            <Divider />
            <Text size="xs" c="dimmed">
              {t.hint}
            </Text>
          </Stack>
        </form>
      </Paper>
    </main>
  );
}
