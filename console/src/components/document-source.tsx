import { FileInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { errorOf, signedFetch } from '../api/api';
import { texts } from '../texts';

const t = texts.documentSource;

/** Where the document of an API comes from. */
export type Source = { url: string } | { content: string } | { file: File };

/** Asks for a document by its address, as a file, or pasted. @param onChange undefined: nothing is given yet */
export function SourceInput({ onChange }: { onChange: (source: Source | undefined) => void }): ReactElement {
  const [way, setWay] = useState('url');
  const [url, setUrl] = useState('');
  const [file, setFile] = useState<File | null>(null);
  const [content, setContent] = useState('');
  const change = (next: { way?: string; url?: string; file?: File | null; content?: string }): void => {
    const { way: as = way, url: at = url, file: from = file, content: text = content } = next;
    if (as === 'url') onChange(at.trim() === '' ? undefined : { url: at.trim() });
    else if (as === 'file') onChange(from === null ? undefined : { file: from });
    else onChange(text.trim() === '' ? undefined : { content: text });
  };
  return (
    <Stack gap="sm">
      <SegmentedControl
        value={way}
        onChange={(value) => {
          setWay(value);
          change({ way: value });
        }}
        data={[
          { value: 'url', label: t.url },
          { value: 'file', label: t.file },
          { value: 'paste', label: t.paste },
        ]}
        aria-label={t.way}
        style={{ alignSelf: 'flex-start' }}
      />
      {way === 'url' && (
        <TextInput
          label={t.address}
          value={url}
          placeholder="https://api.example.com/openapi.json"
          onChange={({ currentTarget: { value } }) => {
            setUrl(value);
            change({ url: value });
          }}
        />
      )}
      {way === 'file' && (
        <FileInput
          label={t.document}
          value={file}
          placeholder={t.choose}
          clearable
          clearButtonProps={{ 'aria-label': texts.actions.clear }}
          accept=".json,.yaml,.yml,.graphql,.graphqls,.gql,.txt"
          onChange={(value) => {
            setFile(value);
            change({ file: value });
          }}
        />
      )}
      {way === 'paste' && (
        <Textarea
          label={t.document}
          value={content}
          autosize
          minRows={8}
          maxRows={18}
          className="mono-input"
          placeholder="openapi: 3.1.0"
          onChange={({ currentTarget: { value } }) => {
            setContent(value);
            change({ content: value });
          }}
        />
      )}
      <Text size="xs" c="dimmed">
        {t.formats}
      </Text>
    </Stack>
  );
}

/**
 * Sends a document with other fields, a file as multipart.
 * @returns the data of the answer
 * @throws ApiError
 */
export async function sendDocument(
  method: 'POST' | 'PUT',
  path: string,
  source: Source,
  fields: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const form = new FormData();
  const isFile = 'file' in source;
  if (isFile) {
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', source.file);
  }
  const response = await signedFetch(path, {
    method,
    ...(isFile
      ? { body: form }
      : { body: JSON.stringify({ ...fields, source }), headers: { 'Content-Type': 'application/json' } }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorOf(response.status, body);
  return (body as { data: unknown }).data;
}
