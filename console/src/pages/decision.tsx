import { Badge, Button, Group, NumberInput, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { getDecision, recordDecisionOutcome } from '../client/sdk.gen';
import type { DecisionDto } from '../client/types.gen';
import { Distribution, Sensitivity } from '../components/decision-charts';
import { JsonView } from '../components/text';
import { Dialog, SavingForm } from '../components/form';
import { Ago, Id, Loaded, notify, Page as Frame, Section, Stat, Status } from '../components/ui';
import { percent } from '../format';
import { texts } from '../texts';
import { DECISION_COLORS } from './orchestration';

const t = texts.decision;
const months = (value: number): string => t.months(Number(value.toFixed(1)));
const usd = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const amount = (value: number | null): string => (value === null ? '–' : usd.format(value));

export function Page(): ReactElement {
  const { decisionId = '' }: { decisionId?: string } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['decision', decisionId],
    queryFn: () => api(getDecision({ path: { decision_id: decisionId } })),
  });
  return <Loaded query={query}>{(decision) => <Decision decision={decision} />}</Loaded>;
}

function Decision({ decision }: { decision: DecisionDto }): ReactElement {
  const { analysis, outcome, predictions } = decision;
  const { simulation, sensitivity, risk, returns } = analysis;
  const goal = decision.context['business_goal'];
  const [isOpen, dialog] = useDisclosure();
  return (
    <Frame
      title={typeof goal === 'string' ? goal : t.title}
      crumb={
        <Link to="/orchestration" search={{ tab: 'decisions' }}>
          {texts.orchestration.tabs.decisions}
        </Link>
      }
      note={
        <Group gap="sm">
          <Badge color={DECISION_COLORS[decision.decision] ?? 'gray'} size="lg">
            {texts.orchestration.verdicts[decision.decision]}
          </Badge>
          <Ago at={decision.created_at} />
          <Id value={decision.decision_id} />
        </Group>
      }
      actions={outcome === null && <Button onClick={dialog.open}>{t.recordOutcome}</Button>}
    >
      <Section title={t.rationale}>
        <Stack gap="sm">
          <Text size="sm" className="plain-text">
            {decision.rationale}
          </Text>
          {analysis.missing_inputs.length > 0 && (
            <Text size="sm" c="var(--mantine-color-error)">
              {t.missing(analysis.missing_inputs.join(', '))}
            </Text>
          )}
          {Object.keys(analysis.assumed_inputs).length > 0 && (
            <Text size="xs" c="dimmed">
              {t.assumed(
                Object.entries(analysis.assumed_inputs)
                  .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
                  .join(', '),
              )}
            </Text>
          )}
        </Stack>
      </Section>
      <div className="stats">
        <Stat
          label={t.chance}
          value={predictions.probability_of_success === null ? '–' : percent(predictions.probability_of_success * 100)}
          note={t.chanceNote}
        />
        <Stat label={t.roi} value={percent(returns.roi_percent)} note={returns.reason ?? undefined} />
        <Stat label={t.payback} value={returns.payback_months === null ? '–' : months(returns.payback_months)} />
        <Stat label={t.risk} value={risk.overall.toFixed(2)} note={t.riskNote} />
        <Stat label={t.priority} value={texts.orchestration.priorities[analysis.priority]} />
      </div>
      {simulation && (
        <div className="split">
          <Section title={t.distribution(simulation.draws)}>
            <Stack gap="lg">
              {simulation.roi_percent && (
                <Distribution label={t.roi} percentiles={simulation.roi_percent} format={(value) => percent(value)} />
              )}
              {simulation.payback_months && (
                <Distribution label={t.payback} percentiles={simulation.payback_months} format={months} />
              )}
              {simulation.reason !== null && (
                <Text size="sm" c="dimmed">
                  {simulation.reason}
                </Text>
              )}
              <Text size="sm">{t.positive(percent(simulation.probability_roi_positive * 100))}</Text>
            </Stack>
          </Section>
          <Section title={t.risks}>
            <Stack gap={10}>
              {(['technical', 'market', 'resource', 'timeline', 'partnership', 'overall'] as const).map((name) => (
                <div key={name}>
                  <Group justify="space-between">
                    <Text size="sm">{t.riskNames[name]}</Text>
                    <Text size="sm" c="dimmed">
                      {risk[name].toFixed(2)}
                    </Text>
                  </Group>
                  <div className="meter" aria-hidden="true">
                    <span
                      style={{ width: `${Math.min(risk[name], 1) * 100}%` }}
                      data-level={risk[name] >= 0.5 ? 'high' : undefined}
                    />
                  </div>
                </div>
              ))}
            </Stack>
          </Section>
        </div>
      )}
      {sensitivity && sensitivity.inputs.length > 0 && (
        <Section title={t.sensitivity} flush>
          <Sensitivity sensitivity={sensitivity} />
        </Section>
      )}
      {analysis.alternatives.length > 0 && (
        <Section title={t.alternatives} flush>
          <div className="scroll-x">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t.rank}</Table.Th>
                  <Table.Th>{t.option}</Table.Th>
                  <Table.Th>{texts.orchestration.verdict}</Table.Th>
                  <Table.Th>{t.roi}</Table.Th>
                  <Table.Th>{t.risk}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {analysis.alternatives.map((option) => (
                  <Table.Tr key={option.rank}>
                    <Table.Td>{option.rank}</Table.Td>
                    <Table.Td>
                      {option.name}
                      {option.name === analysis.recommended && <Badge ml={6}>{t.recommended}</Badge>}
                    </Table.Td>
                    <Table.Td>{texts.orchestration.verdicts[option.decision]}</Table.Td>
                    <Table.Td>{percent(option.roi_percent)}</Table.Td>
                    <Table.Td>{option.risk.toFixed(2)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        </Section>
      )}
      <div className="split">
        <Section title={t.plan}>
          <ol className="plan">
            {decision.implementation_plan.map((phase) => (
              <li key={phase.phase}>
                <Text size="sm" fw={600}>
                  {phase.phase}
                  <Text span size="xs" c="dimmed" ml={6}>
                    {t.phase(phase.duration_days, phase.start_date.slice(0, 10), phase.end_date.slice(0, 10))}
                  </Text>
                </Text>
                <ul className="plain-list">
                  {phase.activities.map((activity) => (
                    <li key={activity}>{activity}</li>
                  ))}
                </ul>
              </li>
            ))}
          </ol>
        </Section>
        <Stack gap="lg">
          {outcome && (
            <Section title={t.outcome} actions={<Status value={outcome.success ? 'succeeded' : 'failed'} />}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>
                      <span className="visually-hidden">{t.figure}</span>
                    </Table.Th>
                    <Table.Th>{t.predicted}</Table.Th>
                    <Table.Th>{t.actual}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {(
                    [
                      [t.cost, predictions.cost, outcome.actual_cost],
                      [t.revenue, predictions.revenue, outcome.actual_revenue],
                      [t.days, predictions.days, outcome.actual_days],
                    ] as const
                  ).map(([label, predicted, actual]) => (
                    <Table.Tr key={label}>
                      <Table.Td>{label}</Table.Td>
                      <Table.Td>{amount(predicted)}</Table.Td>
                      <Table.Td>{amount(actual)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Section>
          )}
          {decision.risk_mitigation.length > 0 && (
            <Section title={t.mitigation}>
              <ul className="plain-list">
                {decision.risk_mitigation.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </Section>
          )}
          <Section title={t.success}>
            <ul className="plain-list">
              {decision.success_metrics.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </Section>
          {analysis.partnerships.length > 0 && (
            <Section title={t.partners}>
              <ul className="plain-list">
                {analysis.partnerships.map((one) => (
                  <li key={one.id}>
                    <Link to={`/orchestration/partnerships/${one.id}`}>{one.name ?? one.id}</Link>: {one.note}
                  </li>
                ))}
              </ul>
            </Section>
          )}
          <Section title={texts.orchestration.context}>
            <JsonView value={decision.context} label={texts.orchestration.context} />
          </Section>
        </Stack>
      </div>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.recordOutcome}>
        <OutcomeForm decision={decision} onDone={dialog.close} />
      </Dialog>
    </Frame>
  );
}

function OutcomeForm({ decision, onDone }: { decision: DecisionDto; onDone: () => void }): ReactElement {
  const queries = useQueryClient();
  const [success, setSuccess] = useState('yes');
  const [figures, setFigures] = useState<{ cost?: number; revenue?: number; days?: number }>({});
  const save = async (): Promise<void> => {
    const changed = await api(
      recordDecisionOutcome({
        path: { decision_id: decision.decision_id },
        body: {
          success: success === 'yes',
          ...(figures.cost === undefined ? {} : { actual_cost: figures.cost }),
          ...(figures.revenue === undefined ? {} : { actual_revenue: figures.revenue }),
          ...(figures.days === undefined ? {} : { actual_days: figures.days }),
        },
      }),
    );
    queries.setQueryData(['decision', decision.decision_id], changed);
    await queries.invalidateQueries({ queryKey: ['decisions'] });
    notify(t.recorded);
    onDone();
  };
  return (
    <SavingForm label={texts.actions.save} onSave={save}>
      <Text size="sm" c="dimmed">
        {t.outcomeText}
      </Text>
      <SegmentedControl
        value={success}
        onChange={setSuccess}
        data={[
          { value: 'yes', label: t.succeeded },
          { value: 'no', label: t.failed },
        ]}
        aria-label={t.outcome}
      />
      {(['cost', 'revenue', 'days'] as const).map((name) => (
        <NumberInput
          key={name}
          label={t.actuals[name]}
          min={0}
          value={figures[name] ?? ''}
          onChange={(value) => {
            const { [name]: _, ...others } = figures;
            setFigures(value === '' ? others : { ...others, [name]: Number(value) });
          }}
        />
      ))}
    </SavingForm>
  );
}
