import { diffLines } from 'diff';
import { useMemo, type ReactElement } from 'react';
import { texts } from '../texts';

/** Unchanged lines kept on each side of a change. */
const CONTEXT = 3;

export default function DiffView({
  before,
  after,
  label,
}: {
  before: string;
  after: string;
  label: string;
}): ReactElement {
  const lines = useMemo(() => linesOf(before, after), [before, after]);
  if (lines.every((line) => line.mark === ' ' || line.mark === '…'))
    return <p className="diff-same">{texts.diff.same}</p>;
  return (
    <pre className="diff" tabIndex={0} aria-label={label}>
      {lines.map((line, index) => (
        <span key={index} data-mark={line.mark}>
          <span aria-hidden="true">{line.mark} </span>
          {line.mark === '+' && <span className="visually-hidden">{texts.diff.added} </span>}
          {line.mark === '-' && <span className="visually-hidden">{texts.diff.removed} </span>}
          {line.text}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

interface Line {
  mark: '+' | '-' | ' ' | '…';
  text: string;
}

function linesOf(before: string, after: string): Line[] {
  const all = diffLines(before, after).flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((text): Line => ({ mark: added ? '+' : removed ? '-' : ' ', text })),
  );
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== ' '),
  );
  return all.flatMap((line, index): Line[] => {
    if (near[index] === true) return [line];
    return index === 0 || near[index - 1] === true ? [{ mark: '…', text: '' }] : [];
  });
}
