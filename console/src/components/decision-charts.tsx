import { Stack, Table, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import type { CalibrationDto, DecisionAnalysisDto } from '../client/types.gen';
import { percent } from '../format';
import { texts } from '../texts';
import { Empty, Section, Stat } from './ui';

const t = texts.decisionCharts;

/** A range from P10 to P90 with its middle, on a scale that holds zero. */
export function Distribution(props: {
  label: string;
  percentiles: { p10: number; p50: number; p90: number };
  format: (value: number) => string;
}): ReactElement {
  const { label, percentiles, format } = props;
  const { p10, p50, p90 } = percentiles;
  const [low, high] = [Math.min(0, p10), Math.max(p90, 0.001)];
  const pad = (high - low) * 0.06;
  const at = (value: number): number => ((value - low + pad) / (high - low + 2 * pad)) * 100;
  return (
    <figure className="range" aria-label={`${label}: ${t.between(format(p10), format(p50), format(p90))}`}>
      <figcaption>{label}</figcaption>
      <div className="range-track" aria-hidden="true">
        <span className="range-zero" style={{ left: `${at(0)}%` }} />
        <span className="range-bar" style={{ left: `${at(p10)}%`, width: `${at(p90) - at(p10)}%` }} />
        <span className="range-mid" style={{ left: `${at(p50)}%` }} />
      </div>
      <div className="range-values" aria-hidden="true">
        <span>
          P10 <strong>{format(p10)}</strong>
        </span>
        <span>
          P50 <strong>{format(p50)}</strong>
        </span>
        <span>
          P90 <strong>{format(p90)}</strong>
        </span>
      </div>
    </figure>
  );
}

/** How far each input moves the return: the one that moves it most first. */
export function Sensitivity({
  sensitivity,
}: {
  sensitivity: NonNullable<DecisionAnalysisDto['sensitivity']>;
}): ReactElement {
  const rows = [...sensitivity.inputs].sort(
    (one, other) =>
      Math.abs(other.roi_percent_at_high - other.roi_percent_at_low) -
      Math.abs(one.roi_percent_at_high - one.roi_percent_at_low),
  );
  const values = rows.flatMap((row) => [row.roi_percent_at_low, row.roi_percent_at_high]);
  const [low, high] = [Math.min(0, ...values), Math.max(0.001, ...values)];
  const at = (value: number): number => ((value - low) / (high - low)) * 100;
  return (
    <div className="scroll-x">
      <Table className="tornado">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.input}</Table.Th>
            <Table.Th>{t.from}</Table.Th>
            <Table.Th w="45%">{t.roiBetween}</Table.Th>
            <Table.Th>{t.changes}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => {
            const [from, to] = [row.roi_percent_at_low, row.roi_percent_at_high].sort((one, other) => one - other) as [
              number,
              number,
            ];
            return (
              <Table.Tr key={row.input}>
                <Table.Td>{row.input.replaceAll('_', ' ')}</Table.Td>
                <Table.Td>
                  {short(row.low)} – {short(row.high)}
                </Table.Td>
                <Table.Td>
                  <div className="range-track" aria-hidden="true">
                    <span className="range-zero" style={{ left: `${at(0)}%` }} />
                    <span
                      className="range-bar"
                      style={{ left: `${at(from)}%`, width: `${Math.max(at(to) - at(from), 0.6)}%` }}
                    />
                  </div>
                  <Text size="xs" c="dimmed">
                    {percent(from)} – {percent(to)}
                  </Text>
                </Table.Td>
                <Table.Td>{row.decision_at_low === row.decision_at_high ? t.no : t.yes}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const short = (value: number): string => compact.format(value);

const SIZE = 260;
const EDGE = 34;

/** Whether predicted chances came true: points on the line are well calibrated. */
export function Calibration({ calibration }: { calibration: CalibrationDto }): ReactElement {
  const { scored, outcomes, decisions, brier_score, brier_score_of_base_rate, reliability, bias, reason } = calibration;
  const x = (value: number): number => EDGE + value * (SIZE - EDGE - 16);
  const y = (value: number): number => SIZE - EDGE - value * (SIZE - EDGE - 16);
  const bins = reliability.filter((bin) => bin.outcomes > 0);
  return (
    <Stack gap="lg">
      <div className="stats">
        <Stat label={t.decisions} value={decisions} note={t.withOutcome(outcomes)} />
        <Stat
          label={t.brier}
          value={brier_score === null ? '–' : brier_score.toFixed(3)}
          note={brier_score_of_base_rate === null ? t.brierNote : t.brierBase(brier_score_of_base_rate.toFixed(3))}
        />
        <Stat
          label={t.costBias}
          value={percent(bias.cost.mean_error_percent)}
          note={t.ofOutcomes(bias.cost.outcomes)}
        />
        <Stat
          label={t.revenueBias}
          value={percent(bias.revenue.mean_error_percent)}
          note={t.ofOutcomes(bias.revenue.outcomes)}
        />
        <Stat
          label={t.timeBias}
          value={percent(bias.time.mean_error_percent)}
          note={t.ofOutcomes(bias.time.outcomes)}
        />
      </div>
      <Section title={t.plot}>
        {scored === 0 || bins.length === 0 ? (
          <Empty icon="orchestration" title={t.noOutcomes} text={reason ?? t.noOutcomesText} />
        ) : (
          <div className="split" style={{ '--left': '1fr', '--right': '1.2fr' } as React.CSSProperties}>
            <svg viewBox={`0 0 ${SIZE} ${SIZE}`} className="calibration" role="img" aria-label={t.plotLabel}>
              {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
                <g key={tick}>
                  <line x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} className="grid" />
                  <line x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} className="grid" />
                  <text x={x(tick)} y={y(0) + 13} textAnchor="middle">
                    {tick * 100}
                  </text>
                  <text x={x(0) - 6} y={y(tick) + 3} textAnchor="end">
                    {tick * 100}
                  </text>
                </g>
              ))}
              <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} className="ideal" />
              <polyline
                points={bins.map((bin) => `${x(bin.predicted)},${y(bin.observed)}`).join(' ')}
                className="curve"
              />
              {bins.map((bin) => (
                <circle
                  key={bin.from}
                  cx={x(bin.predicted)}
                  cy={y(bin.observed)}
                  r={Math.min(4 + bin.outcomes, 11)}
                  className="point"
                />
              ))}
              <text x={x(0.5)} y={SIZE - 5} textAnchor="middle">
                {t.predicted}
              </text>
              <text x={10} y={y(0.5)} textAnchor="middle" transform={`rotate(-90 10 ${y(0.5)})`}>
                {t.observed}
              </text>
            </svg>
            <Stack gap="sm">
              <Text size="sm" c="dimmed">
                {t.plotText}
              </Text>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.range}</Table.Th>
                    <Table.Th>{t.predicted}</Table.Th>
                    <Table.Th>{t.observed}</Table.Th>
                    <Table.Th>{t.outcomes}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {bins.map((bin) => (
                    <Table.Tr key={bin.from}>
                      <Table.Td>
                        {bin.from * 100}–{bin.to * 100} %
                      </Table.Td>
                      <Table.Td>{percent(bin.predicted * 100)}</Table.Td>
                      <Table.Td>{percent(bin.observed * 100)}</Table.Td>
                      <Table.Td>{bin.outcomes}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Stack>
          </div>
        )}
      </Section>
    </Stack>
  );
}
