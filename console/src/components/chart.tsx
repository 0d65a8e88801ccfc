import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, type ReactElement } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count } from '../format';
import type { ChartProps } from './text';

const TONES = {
  light: { accent: '#4f46e5', bad: '#dc2626', good: '#15803d', muted: '#94a3b8', text: '#526077', line: '#e2e8f0' },
  dark: { accent: '#818cf8', bad: '#f87171', good: '#4ade80', muted: '#64748b', text: '#a3adbd', line: '#262d3a' },
} as const;
const FONT = '11px "Inter Variable", system-ui, sans-serif';

export default function ChartView(props: ChartProps): ReactElement {
  const { days, series, label, format = count, kind = 'line', height = 180 } = props;
  const scheme = useComputedColorScheme('light');
  const { ref, width } = useElementSize();
  const target = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!target.current || width < 50) return undefined;
    const tones = TONES[scheme];
    const bars = UPlot.paths.bars?.({ size: [0.62, 28], radius: 0.2 });
    const axis: UPlot.Axis = {
      stroke: tones.text,
      font: FONT,
      grid: { stroke: tones.line, width: 1 },
      ticks: { show: false },
    };
    const say = (index: number | null | undefined): void => {
      if (!legend.current) return;
      const at = index ?? days.length - 1;
      legend.current.textContent = [
        days[at] ?? '',
        ...series.map(
          (one) =>
            `${one.label} ${one.values[at] === null || one.values[at] === undefined ? '–' : format(one.values[at])}`,
        ),
      ].join('  ·  ');
    };
    const plot = new UPlot(
      {
        width,
        height,
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: {
          x: { time: false, range: [-0.6, days.length - 0.4] },
          y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 26,
            values: (_plot, splits) => splits.map((at) => (Number.isInteger(at) ? (days[at]?.slice(5) ?? '') : '')),
            space: 56,
          },
          {
            ...axis,
            size: 52,
            values: (_plot, splits) =>
              splits.map((value) => (Number.isInteger(value) || value < 1 ? format(value) : '')),
          },
        ],
        series: [
          {},
          ...series.map(({ label: name, tone, values }) => ({
            label: name,
            stroke: tones[tone],
            width: kind === 'line' ? 2 : 0,
            fill: kind === 'bars' ? tones[tone] : `${tones[tone]}1f`,
            points: {
              show: kind === 'line' && values.filter((value) => value !== null).length < 4,
              size: 7,
              fill: tones[tone],
            },
            ...(kind === 'bars' && bars ? { paths: bars } : {}),
          })),
        ],
        hooks: { setCursor: [(chart) => say(chart.cursor.idx)] },
      },
      [days.map((_, index) => index), ...series.map(({ values }) => [...values])],
      target.current,
    );
    say(undefined);
    return () => plot.destroy();
  }, [days, series, scheme, width, height, kind, format]);
  return (
    <figure className="chart" ref={ref}>
      <div ref={target} aria-hidden="true" style={{ height }} />
      <div ref={legend} className="chart-legend" aria-hidden="true" />
      <table className="visually-hidden">
        <caption>{label}</caption>
        <tbody>
          {days.map((day, index) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {series.map((one) => (
                <td key={one.label}>
                  {one.label}:{' '}
                  {one.values[index] === null || one.values[index] === undefined ? '–' : format(one.values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
