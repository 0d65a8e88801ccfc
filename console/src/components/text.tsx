import { Box, Code } from '@mantine/core';
import { lazy, Suspense, type ReactElement } from 'react';
import { CopyableCode, Loading } from './ui';

const MarkdownText = lazy(() => import('./markdown'));

/** Text of a model or a document. HTML in it is shown as text. */
export function Markdown({ text }: { text: string }): ReactElement {
  return (
    <Suspense fallback={<Box className="plain-text">{text}</Box>}>
      <MarkdownText text={text} />
    </Suspense>
  );
}

/** Any value: text as it is, everything else as JSON. */
export function JsonView({ value, label }: { value: unknown; label: string }): ReactElement {
  if (value === undefined || value === null) return <Code>–</Code>;
  return <CopyableCode code={typeof value === 'string' ? value : JSON.stringify(value, null, 2)} label={label} />;
}

const LazyEditor = lazy(() => import('./editor'));

export interface EditorFault {
  /** From 1. */
  line: number;
  message: string;
}

export interface Word {
  label: string;
  detail?: string;
  /** What is inserted, where that is more than the label. */
  apply?: string;
}

export interface EditorProps {
  value: string;
  onChange?: (value: string) => void;
  language: 'yaml' | 'json';
  label: string;
  faults?: readonly EditorFault[];
  /** Words to offer while typing: the same everywhere, or by the fields that enclose the place and the field on its line, in YAML. */
  words?: readonly Word[] | ((path: readonly string[], field: string | undefined) => readonly Word[]);
  height?: number;
}

/** An editor of code, loaded when it is first shown. */
export function Editor(props: EditorProps): ReactElement {
  return (
    <Suspense fallback={<Loading rows={8} />}>
      <LazyEditor {...props} />
    </Suspense>
  );
}

const LazyDiff = lazy(() => import('./diff'));

/** Two texts, line by line: what was removed and what was added. */
export function Diff(props: { before: string; after: string; label: string }): ReactElement {
  return (
    <Suspense fallback={<Loading rows={8} />}>
      <LazyDiff {...props} />
    </Suspense>
  );
}

const LazyChart = lazy(() => import('./chart'));

export interface ChartProps {
  /** Names of the columns, in order: days as `2026-11-22`. */
  days: readonly string[];
  series: readonly { label: string; values: readonly (number | null)[]; tone: 'accent' | 'bad' | 'good' | 'muted' }[];
  label: string;
  format?: (value: number) => string;
  kind?: 'bars' | 'line';
  height?: number;
}

/** Figures over days. */
export function Chart(props: ChartProps): ReactElement {
  return (
    <Suspense fallback={<Box h={props.height ?? 180} />}>
      <LazyChart {...props} />
    </Suspense>
  );
}

const LazyGraph = lazy(() => import('./graph'));

export interface GraphNode {
  id: string;
  label: string;
  note?: string | undefined;
  status?: string | undefined;
  /** A person, a tool, a store: how it is drawn. */
  shape?: 'box' | 'round' | 'tool';
  group?: string | undefined;
}

export interface GraphEdge {
  from: string;
  to: string;
  label?: string | undefined;
}

export interface GraphProps {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  label: string;
  direction?: 'LR' | 'TB';
  height?: number;
  selected?: string | undefined;
  onSelect?: ((id: string) => void) | undefined;
}

/** Boxes and arrows, laid out by their arrows. */
export function Graph(props: GraphProps): ReactElement {
  return (
    <Suspense fallback={<Box h={props.height ?? 320} />}>
      <LazyGraph {...props} />
    </Suspense>
  );
}
